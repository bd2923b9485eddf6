/** The report of a stream: the outcome of every input that was published to it, over all workers, from the state of the NATS server. */

import * as z from "zod";
import type { Counts } from "../core/accounting/ledger.js";
import { FlowError } from "../core/errors.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { displayed } from "../core/report/display.js";
import { ReasonGroups } from "../core/report/reason-groups.js";
import type { ReasonGroup } from "../core/report/report.js";
import { failureLines, groupLines } from "../core/report/summary.js";
import { printable } from "../core/util/format/format.js";
import { NatsServer, natsOptions, StreamName, streamLost } from "./nats-server.js";
import { readMessages, streamState } from "./read-messages.js";
import { countsOf } from "./stream-counts.js";
import { partsOf } from "./streams.js";
import { readWorkers, type WorkerStatus } from "./worker/heartbeats.js";
import type { FailedInput } from "./worker/outcome-records.js";

const optionFields = {
  /** Name of the stream, as in `publishTo`. */
  stream: StreamName,
  /** The consumer of its workers. Default: "workers". */
  consumer: StreamName.default("workers"),
  /** Most failed inputs, and most skipped ones, that the report reads; it counts all. Default: 10,000. */
  maxKept: z.number().int().min(0).default(10_000),
};
const Options = z.strictObject({ ...natsOptions, ...optionFields });
/** Options of `streamReport`. */
export type StreamReportOptions = OptionsOf<typeof natsOptions & typeof optionFields>;

/** The outcomes of the inputs of a stream. It closes: `read = ok + failed + skipped + pending + inFlight`. */
export interface StreamReport {
  readonly stream: string;
  /** Read: published. In flight: delivered to workers, and not acknowledged yet. Pending: not delivered yet. */
  readonly counts: Readonly<Counts>;
  /** The first `maxKept` failed inputs, in the order in which they failed. */
  readonly failures: readonly FailedInput[];
  /** The first `maxKept` skipped inputs, grouped by reason. */
  readonly skipped: readonly ReasonGroup[];
  /** Workers that run, and those that died within the last day. A worker that was stopped in order is not in the list. */
  readonly workers: readonly WorkerStatus[];
  /** Whether every input has its outcome. */
  readonly isDone: boolean;
  /** Formats the report as text. */
  summary(): string;
  toJSON(): object;
}

/**
 * Reports the outcome of every input that was published to a stream, over all its workers, from the state of the NATS server. Works at any time and from
 * any machine, while workers come and go. Also reports which workers are alive, stuck or gone.
 *
 * @throws {OptionsError} ERR_OPTIONS, ERR_PACKAGE_MISSING
 * @throws {FlowError} ERR_ENGINE_UNREACHABLE, ERR_ENGINE_REFUSED; ERR_STREAM if the stream does not exist; {SourceError} ERR_STREAM_LOST if a part of it was deleted
 * @example console.log((await streamReport({ stream: "photos" })).summary());
 */
export async function streamReport(options: StreamReportOptions): Promise<StreamReport> {
  const { stream, consumer, maxKept, ...address } = parseOptions("streamReport", Options, options);
  const nats = await NatsServer.connect("streamReport", address);
  try {
    const counts = await streamCounts(nats, stream, consumer);
    const parts = partsOf(stream);
    const failures: FailedInput[] = [];
    for await (const message of readMessages(nats, parts.failed.stream, maxKept)) failures.push(message.json());
    const skipped = await reasonGroups(nats, parts.skipped.stream, maxKept);
    const workers = await readWorkers(nats, stream);
    const isDone = counts.pending + counts.inFlight === 0;
    const report = { stream, counts, failures, skipped, workers, isDone };
    const summary = () => {
      const failed = failureLines(failures, counts.failed);
      const lines = [countsText(counts), ...failed, ...groupLines("skipped", skipped), ...workerLines(workers)];
      return lines.map(printable).join("\n");
    };
    const html = async () => (await import("../core/report/pages.js")).preformatted(summary());
    return displayed({ ...report, summary, toJSON: () => report }, summary, html);
  } finally {
    await nats.close();
  }
}

/**
 * Counts the inputs of a stream by outcome. The number of published messages comes from the stream: the consumer's number of the last delivered message
 * goes back when a server that was stopped for a moment delivers a message again.
 */
async function streamCounts(nats: NatsServer, stream: string, consumer: string): Promise<Counts> {
  const { work, ...parts } = partsOf(stream);
  const state = await streamState(nats, work.stream);
  if (!state) {
    const text = `streamReport: the NATS server has no stream ${stream}; publishTo creates it`;
    throw new FlowError("ERR_STREAM", text);
  }
  const info = await nats.lookUp(() => nats.manager.consumers.info(work.stream, consumer));
  const hasOutcomes = info !== undefined || state.messages < state.last_seq;
  /** Counts recorded outcomes. Without the part that has them, its inputs would count as ok. */
  const recorded = async (part: string) => {
    const found = await streamState(nats, part);
    if (!found && hasOutcomes) throw streamLost(part, undefined);
    return found?.messages ?? 0;
  };
  const [failed, skipped] = await Promise.all([recorded(parts.failed.stream), recorded(parts.skipped.stream)]);
  const { last_seq: published, messages: onStream } = state;
  const { num_pending: undelivered, num_ack_pending: unacknowledged } = info ?? {
    num_pending: onStream, // no worker has started yet
    num_ack_pending: 0,
  };
  return countsOf({ published, onStream, undelivered, unacknowledged, failed, skipped });
}

/** Formats counts as `read 300 = ok 200 + failed 1 + skipped 0 + pending 60 + in flight 39`. */
function countsText({ read, ok, failed, skipped, pending, inFlight }: Counts): string {
  return `read ${read} = ok ${ok} + failed ${failed} + skipped ${skipped} + pending ${pending} + in flight ${inFlight}`;
}

/** Most workers that the text names. */
const maxWorkersNamed = 20;

/** Formats how many workers there are in each state, and a line for each of them. */
function workerLines(workers: readonly WorkerStatus[]): string[] {
  if (workers.length === 0) return [];
  const lines = workers.slice(0, maxWorkersNamed).map(({ worker, state, lastSeen, inProgress, finished, quietMs }) => {
    const quiet = state === "stuck" ? `, no outcome for ${Math.round(quietMs / 1000)} s` : "";
    const seen = `last seen ${lastSeen.toISOString()}`;
    return `  ${worker}: ${state}, ${inProgress} in progress, ${finished} finished${quiet}, ${seen}`;
  });
  const more = workers.length - lines.length;
  return [workersText(workers), ...lines, ...(more > 0 ? [`  and ${more} more`] : [])];
}

/** Formats the number of workers in each state: `workers: 3 alive, 1 gone`. */
export function workersText(workers: readonly WorkerStatus[]): string {
  const counted = (["alive", "stuck", "gone"] as const).flatMap((state) => {
    const count = workers.filter((worker) => worker.state === state).length;
    return count > 0 ? [`${count} ${state}`] : [];
  });
  return `workers: ${counted.join(", ") || "none"}`;
}

async function reasonGroups(nats: NatsServer, stream: string, maxKept: number): Promise<ReasonGroup[]> {
  const groups = new ReasonGroups();
  for await (const message of readMessages(nats, stream, maxKept)) {
    const { origin, reason } = message.json<{ origin: string; reason: string }>();
    groups.add(reason, origin);
  }
  return groups.list;
}
