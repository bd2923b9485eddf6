/** Measuring: computes the progress of a run from its counters. */

import type { SinkProgress } from "../accounting/accounting.js";
import type { Traffic } from "../accounting/clients.js";
import type { Counts } from "../accounting/ledger.js";
import type { RunContext } from "../accounting/run-context.js";
import type { FailureGroup } from "../report/report.js";
import type { Reporter } from "../report/reporter.js";
import type { Activity, Health } from "./health.js";
import { waitsOf } from "./stalls.js";

/** The progress of a run, as plain data. */
export interface ProgressEvent {
  /** `running`; in the last event, how the run ended: by itself (`ended`), by a stop (`stopped`), by an error of a source or sink (`failed`). */
  state: "running" | "ended" | "stopped" | "failed";
  /**
   * `working`. `idle`: no input is in progress, and all sources wait for new items. `stalled`: the run is not idle, but nothing was read, sent or settled
   * for `stallMs`.
   */
  health: Health;
  /** Time since something was read, sent or settled, in milliseconds. */
  quietMs: number;
  /** Time since the server stopped answering, in milliseconds; absent while it answers. */
  serverDownMs?: number | undefined;
  elapsedMs: number;
  counts: Counts;
  /** Number of inputs of all sources; absent while it is unknown. In a shard, an estimate until all sources are read. */
  total?: number | undefined;
  /**
   * Number of inputs with an outcome (pending ones excepted), and of those that the last sink has sent: accepted by its target, or estimated from the bytes
   * of open requests. It does not decrease.
   */
  sent: number;
  /** Settled inputs a second, in the last ten seconds. */
  inputsPerSecond: number;
  /** Bytes sent a second, in the last ten seconds; if the flow sends none, bytes received. */
  bytesPerSecond: number;
  /** Expected time to the end, in milliseconds; absent while the total is unknown. */
  remainingMs?: number | undefined;
  traffic: Traffic;
  /** The sinks of the flow that have received inputs. */
  sinks: SinkProgress[];
  /** Failed inputs by plugin and code, the largest group first. */
  failures: Pick<FailureGroup, "stage" | "code" | "count">[];
  /** What the stages wait for at the moment. */
  waits: string[];
  /** In the last event: what to do next, such as how to resume. */
  next?: readonly string[] | undefined;
}

/** Before this time, an expected time would be a guess. */
const firstGuessMs = 3000;
/** Rates are averages of this time. */
const windowMs = 10_000;

interface Sample {
  at: number;
  settled: number;
  bytes: number;
}

/** Measures a run from time to time. */
export class Meter {
  /** Number of inputs of all sources, once it is known. */
  total: number | undefined;
  readonly #context: RunContext;
  readonly #reporter: Reporter;
  readonly #activity: Activity;
  readonly #startedAt = performance.now();
  #sent = 0;
  #samples: Sample[] = [{ at: this.#startedAt, settled: 0, bytes: 0 }];

  constructor(context: RunContext, reporter: Reporter, activity: Activity) {
    this.#context = context;
    this.#reporter = reporter;
    this.#activity = activity;
  }

  /** @param next in the last event: what to do next */
  measure(state: ProgressEvent["state"], next?: readonly string[]): ProgressEvent {
    const { accounting, clients } = this.#context;
    const { ledger, sinks } = accounting;
    const { traffic, pacing } = clients;
    const counts = { ...ledger.counts };
    const settled = counts.read - counts.inFlight;
    this.#sent = Math.max(this.#sent, finishedOf(counts) + this.#underWay());
    const now = {
      at: performance.now(),
      settled: finishedOf(counts),
      bytes: traffic.bytesSent || traffic.bytesReceived,
    };
    const elapsedMs = Math.round(now.at - this.#startedAt);
    // At the end, the rates are those of the whole run.
    const since = state === "running" ? this.#since(now) : this.#samples[0];
    const seconds = Math.max(now.at - (since?.at ?? 0), 1) / 1000;
    const inputsPerSecond = (now.settled - (since?.settled ?? 0)) / seconds;
    const total = ownTotal(this.total, this.#context);
    const remaining = total === undefined ? undefined : Math.max(0, total - settled);
    const isKnown = remaining !== undefined && inputsPerSecond > 0 && elapsedMs >= firstGuessMs && state === "running";
    return {
      state,
      ...this.#activity.check(),
      serverDownMs: pacing.downForMs > 0 ? Math.round(pacing.downForMs) : undefined,
      elapsedMs,
      counts,
      total,
      sent: Math.min(this.#sent, finishedOf(counts) + counts.inFlight),
      inputsPerSecond: rounded(inputsPerSecond),
      bytesPerSecond: Math.round((now.bytes - (since?.bytes ?? 0)) / seconds),
      remainingMs: isKnown ? Math.round((remaining / inputsPerSecond) * 1000) : undefined,
      traffic,
      sinks: [...sinks].map((sink) => ({ ...sink, sending: Math.floor(sink.sending) })),
      failures: this.#reporter.failureGroups.map(({ stage, code, count }) => ({ stage, code, count })),
      waits: state === "running" ? waitsOf(this.#context) : [],
      ...(next && next.length > 0 ? { next } : {}),
    };
  }

  /** Returns the inputs without an outcome that the last sink of the flow has sent. */
  #underWay(): number {
    const { accounting, stages } = this.#context;
    const last = accounting.sinks.size === stages.sinkCount ? [...accounting.sinks].at(-1) : undefined;
    return last ? last.accepted + Math.floor(last.sending) : 0;
  }

  /** Returns the oldest sample in the window of time; the first sample if there is none. Keeps the first sample for the average at the end. */
  #since(now: Sample): Sample | undefined {
    const [first, ...later] = this.#samples;
    const recent = later.filter(({ at }) => at >= now.at - windowMs);
    this.#samples = first ? [first, ...recent, now] : [now];
    const since = recent[0] ?? first;
    return first && first.at >= now.at - windowMs ? first : since;
  }
}

/** Estimates how many inputs of the source this shard will read: the inputs read so far, and an equal share of the remaining ones. */
function ownTotal(total: number | undefined, { shard, accounting }: RunContext): number | undefined {
  if (total === undefined || !shard) return total;
  const { read } = accounting.ledger.counts;
  return read + Math.round(Math.max(0, total - read - accounting.otherShards) / shard.count);
}

/** Returns the inputs that are through: those with an outcome, without the pending ones. */
export function finishedOf({ read, inFlight, pending }: Counts): number {
  return read - inFlight - pending;
}

function rounded(value: number): number {
  return value < 100 ? Math.round(value * 10) / 10 : Math.round(value);
}
