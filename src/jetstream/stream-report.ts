/** The report of a stream: what became of all inputs that were published to it, over all workers, from what the engine knows. */

import * as z from "zod";
import type { Counts } from "../core/accounting/ledger.js";
import { FlowError } from "../core/errors.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { displayed } from "../core/report/display.js";
import { ReasonGroups } from "../core/report/reason-groups.js";
import type { ReasonGroup } from "../core/report/report.js";
import { failureLines, groupLines } from "../core/report/summary.js";
import { printable } from "../core/util/format.js";
import type { FailedInput } from "./deliveries.js";
import { Engine, engineOptions, StreamName } from "./nats-server.js";
import { recordsOf, stateOf } from "./read-records.js";
import { partsOf } from "./streams.js";

const Options = z.strictObject({
  ...engineOptions,
  /** Name of the stream, as in `publishTo`. */
  stream: StreamName,
  /** The consumer of its workers. Default: "workers". */
  consumer: StreamName.default("workers"),
  /** Most failed inputs, and most skipped ones, that are read one by one; all are counted. Default: 10,000. */
  maxKept: z.number().int().min(0).default(10_000),
});
/** Options of `streamReport`. */
export type StreamReportOptions = OptionsOf<typeof Options>;

/** What became of the inputs of a stream; it closes: `read = ok + failed + skipped + pending + inFlight`. */
export interface StreamReport {
  readonly stream: string;
  /** Read: published. In flight: given to workers, and not answered yet. Pending: not given to a worker yet. */
  readonly counts: Readonly<Counts>;
  /** The failed inputs, in the order in which they failed; the first `maxKept`. */
  readonly failures: readonly FailedInput[];
  /** The skipped ones by reason, of the first `maxKept`. */
  readonly skipped: readonly ReasonGroup[];
  /** Whether every input has its outcome. */
  readonly isDone: boolean;
  /** The report for people, as text. */
  summary(): string;
  toJSON(): object;
}

/**
 * Tells what became of every input that was published to a stream, over all workers that there were, from what the engine keeps. It may be asked at any
 * time, from any machine, while workers come and go.
 *
 * @throws {OptionsError} ERR_OPTIONS, ERR_PACKAGE_MISSING
 * @throws {FlowError} ERR_ENGINE_UNREACHABLE, ERR_ENGINE_REFUSED; ERR_STREAM when there is no such stream
 * @example console.log((await streamReport({ stream: "photos" })).summary());
 */
export async function streamReport(options: StreamReportOptions): Promise<StreamReport> {
  const { stream, consumer, maxKept, ...address } = parseOptions("streamReport", Options, options);
  const engine = await Engine.open("streamReport", address);
  try {
    const counts = await streamCounts(engine, stream, consumer);
    const { failed, skipped: passedOver } = partsOf(stream);
    const failures: FailedInput[] = [];
    for await (const message of recordsOf(engine, failed.stream, maxKept)) failures.push(message.json());
    const skipped = await groupsOf(engine, passedOver.stream, maxKept);
    const isDone = counts.pending + counts.inFlight === 0;
    const report = { stream, counts, failures, skipped, isDone };
    const summary = () =>
      [countsText(counts), ...failureLines(failures, counts.failed), ...groupLines("skipped", skipped)]
        .map(printable)
        .join("\n");
    const html = async () => (await import("../core/report/pages.js")).preformatted(summary());
    return displayed({ ...report, summary, toJSON: () => report }, summary, html);
  } finally {
    await engine.close();
  }
}

/**
 * How the inputs of a stream stand. The consumer tells in one answer what was published, delivered and not answered; what failed and was skipped is
 * known to the engine before it is answered, so the rest of what is answered is ok.
 */
async function streamCounts(engine: Engine, stream: string, consumer: string): Promise<Counts> {
  const { work, failed: failedPart, skipped: skippedPart } = partsOf(stream);
  const [failed, skipped] = await Promise.all([
    stateOf(engine, failedPart.stream),
    stateOf(engine, skippedPart.stream),
  ]);
  const info = await engine.found(() => engine.manager.consumers.info(work.stream, consumer));
  if (info) {
    const { delivered, num_pending: pending, num_ack_pending: inFlight } = info;
    const read = delivered.stream_seq + pending;
    const ok = read - pending - inFlight - failed.messages - skipped.messages;
    return { read, ok: Math.max(ok, 0), failed: failed.messages, skipped: skipped.messages, pending, inFlight };
  }
  const there = await engine.found(() => engine.manager.streams.info(work.stream));
  if (!there) throw new FlowError("ERR_STREAM", `streamReport: the engine has no stream ${stream}; publishTo makes it`);
  const { messages, last_seq: read } = there.state; // no worker has come yet
  return { read, ok: read - messages, failed: 0, skipped: 0, pending: messages, inFlight: 0 };
}

/** `read 300 = ok 200 + failed 1 + skipped 0 + pending 60 + in flight 39`. */
function countsText({ read, ok, failed, skipped, pending, inFlight }: Counts): string {
  return `read ${read} = ok ${ok} + failed ${failed} + skipped ${skipped} + pending ${pending} + in flight ${inFlight}`;
}

async function groupsOf(engine: Engine, stream: string, maxKept: number): Promise<ReasonGroup[]> {
  const groups = new ReasonGroups();
  for await (const message of recordsOf(engine, stream, maxKept)) {
    const { origin, reason } = message.json<{ origin: string; reason: string }>();
    groups.add(reason, origin);
  }
  return groups.list;
}
