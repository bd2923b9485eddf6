/** Measuring: how a run stands, from the counters that it keeps anyway. */

import type { SinkProgress } from "../accounting/accounting.js";
import type { Traffic } from "../accounting/clients.js";
import type { Counts } from "../accounting/ledger.js";
import type { RunContext } from "../accounting/run-context.js";
import type { FailureGroup } from "../report/report.js";
import type { Reporter } from "../report/reporter.js";
import type { Activity, Health } from "./health.js";
import { waitsOf } from "./stalls.js";

/** How a run stands; plain data. */
export interface ProgressEvent {
  /** `running`, and in the last event how the run ended: by itself, by a stop, by an error of a source or sink. */
  state: "running" | "ended" | "stopped" | "failed";
  /**
   * `working`; `idle`: nothing is under way, and all sources wait for what is to come; `stalled`: nothing was read, sent or settled for `stallMs`
   * though something should.
   */
  health: Health;
  /** For how long nothing was read, sent or settled. */
  quietMs: number;
  /** How long the server has been down; not there while it answers. */
  serverDownMs?: number | undefined;
  elapsedMs: number;
  counts: Counts;
  /** How many inputs there will be; not there while that is not known. */
  total?: number | undefined;
  /** Inputs that got their outcome, a second, in the last ten seconds. */
  inputsPerSecond: number;
  /** Bytes sent a second, in the last ten seconds; of a flow that sends none, those received. */
  bytesPerSecond: number;
  /** Not there while the total is not known. */
  remainingMs?: number | undefined;
  traffic: Traffic;
  /** The sinks of the flow that have had something to do. */
  sinks: SinkProgress[];
  /** Failed inputs by plugin and code, those that are most first. */
  failures: Pick<FailureGroup, "stage" | "code" | "count">[];
  /** What the stages wait for just now. */
  waits: string[];
}

/** A time left that is told sooner is a guess. */
const firstGuessMs = 3000;
/** Rates are those of this time. */
const windowMs = 10_000;

interface Sample {
  at: number;
  settled: number;
  bytes: number;
}

/** Looks at a run from time to time. */
export class Meter {
  /** How many inputs there will be, once that is known. */
  total: number | undefined;
  readonly #context: RunContext;
  readonly #reporter: Reporter;
  readonly #activity: Activity;
  readonly #startedAt = performance.now();
  #samples: Sample[] = [{ at: this.#startedAt, settled: 0, bytes: 0 }];

  constructor(context: RunContext, reporter: Reporter, activity: Activity) {
    this.#context = context;
    this.#reporter = reporter;
    this.#activity = activity;
  }

  measure(state: ProgressEvent["state"]): ProgressEvent {
    const { accounting, clients } = this.#context;
    const { ledger, sinks } = accounting;
    const { traffic, pacing } = clients;
    const counts = { ...ledger.counts };
    const settled = counts.read - counts.inFlight;
    const now = { at: performance.now(), settled, bytes: traffic.bytesSent || traffic.bytesReceived };
    const elapsedMs = Math.round(now.at - this.#startedAt);
    // At the end it is the average that counts.
    const since = state === "running" ? this.#since(now) : this.#samples[0];
    const seconds = Math.max(now.at - (since?.at ?? 0), 1) / 1000;
    const inputsPerSecond = (now.settled - (since?.settled ?? 0)) / seconds;
    const rest = this.total === undefined ? undefined : Math.max(0, this.total - settled);
    const isKnown = rest !== undefined && inputsPerSecond > 0 && elapsedMs >= firstGuessMs && state === "running";
    return {
      state,
      ...this.#activity.look(),
      serverDownMs: pacing.downForMs > 0 ? Math.round(pacing.downForMs) : undefined,
      elapsedMs,
      counts,
      total: this.total,
      inputsPerSecond: rounded(inputsPerSecond),
      bytesPerSecond: Math.round((now.bytes - (since?.bytes ?? 0)) / seconds),
      remainingMs: isKnown ? Math.round((rest / inputsPerSecond) * 1000) : undefined,
      traffic,
      sinks: [...sinks].map((sink) => ({ ...sink })),
      failures: this.#reporter.failureGroups.map(({ stage, code, count }) => ({ stage, code, count })),
      waits: state === "running" ? waitsOf(this.#context) : [],
    };
  }

  /** The newest look that is as old as the window; the first of all stays, for the end. */
  #since(now: Sample): Sample | undefined {
    const [first, ...later] = this.#samples;
    const kept = later.filter(({ at }) => at >= now.at - windowMs);
    this.#samples = first ? [first, ...kept, now] : [now];
    const since = kept[0] ?? first;
    return first && first.at >= now.at - windowMs ? first : since;
  }
}

function rounded(value: number): number {
  return value < 100 ? Math.round(value * 10) / 10 : Math.round(value);
}
