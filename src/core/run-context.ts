/** What all stages of one run share; every message carries it. */

import { Gate, type GateOptions } from "./backpressure.js";
import { Ledger, type Settlement } from "./ledger.js";

/** Keeps outcomes before they are announced; `done` tells what an earlier run finished. */
export interface OutcomeStore {
  /** Whether an earlier run finished this very input. */
  done(id: string, fingerprint: string): boolean;
  /** Calls `durable` once the outcome is on the disk. */
  keep(settlement: Settlement, fingerprint: string, durable: () => void): void;
}

/** What a client sent and received. */
export interface Traffic {
  requests: number;
  /** Requests that were sent again. */
  retries: number;
  /** Requests that the server refused because there were too many. */
  throttled: number;
  bytesSent: number;
  bytesReceived: number;
}

export interface RunContextOptions extends Partial<GateOptions> {
  signal?: AbortSignal | undefined;
  store?: OutcomeStore | undefined;
}

/** Longest wait for what is still being closed when a run ends. */
const closeWithinMs = 5000;

/** One run: its gate, its ledger, its signal. */
export class RunContext {
  readonly gate: Gate;
  readonly ledger = new Ledger();
  readonly signal: AbortSignal;
  readonly store: OutcomeStore | undefined;
  /** What stages wait for just now, by name; for progress and for reports of a stall. */
  readonly waits = new Map<string, () => string | undefined>();
  readonly #watched = new Map<Traffic, Traffic>();
  readonly #open = new Set<Promise<unknown>>();

  constructor(options: RunContextOptions = {}) {
    this.gate = new Gate({
      maxInFlight: options.maxInFlight ?? 4096,
      maxBytesInFlight: options.maxBytesInFlight ?? 256_000_000,
    });
    this.signal = options.signal ?? new AbortController().signal;
    this.store = options.store;
  }

  /** Registers what has to be over before the run is: a source that is read, a sink that is closed. */
  track(work: Promise<unknown>): void {
    const over = () => void this.#open.delete(settled);
    const settled = work.then(over, over);
    this.#open.add(settled);
  }

  /** Resolves when all that was registered is over, or after five seconds: a plugin that hangs does not hang the run. */
  async closed(): Promise<void> {
    if (this.#open.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, closeWithinMs);
    });
    await Promise.race([Promise.all(this.#open), deadline]);
    clearTimeout(timer);
  }

  /** Counts, from now on, what this client sends; it may be shared by stages and by runs. */
  watch(counts: Traffic): void {
    if (!this.#watched.has(counts)) this.#watched.set(counts, { ...counts });
  }

  /** What the clients of this run sent since the run began to use them. */
  get traffic(): Traffic {
    const sum: Traffic = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
    for (const [now, before] of this.#watched) {
      for (const key of Object.keys(sum) as (keyof Traffic)[]) sum[key] += now[key] - before[key];
    }
    return sum;
  }
}
