/** What all stages of one run share; every message carries it. */

import { describeError } from "../errors.js";
import type { Input, InputDraft } from "../input/input.js";
import type { Sample } from "../report/sample.js";
import { Gate, type GateOptions } from "./budget.js";
import type { IdsInRun } from "./ids-in-run.js";
import { Ledger, type Outcome, type Settlement } from "./ledger.js";
import type { Turns } from "./shared-rate-limiter.js";
import type { SinkTarget } from "./targets.js";
import type { Tracking } from "./tracking.js";

/** Keeps outcomes before they are announced. */
export interface OutcomeStore {
  /** Whether an earlier run finished the input of this fingerprint; undefined where no journal is kept. */
  isDone?: ((fingerprint: string) => boolean) | undefined;
  /** Calls `announce` once the outcome is on the disk. `input` is as it was read; none where none came to be. */
  keep(settlement: Settlement, kept: Tracking, input: Input | InputDraft | undefined, announce: () => void): void;
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

/** What a sink has done so far. */
export interface SinkProgress {
  /** Its verb: `upload`, `download`, … */
  name: string;
  /** Inputs written and passed on. */
  done: number;
  /** Inputs that it has and is not through with. */
  underWay: number;
  /** Batches that it has written. */
  batches: number;
}

/** A source that is being read. */
export interface Reading {
  /** What it waits for, once it has given all that is there. */
  idle: string | undefined;
}

export interface RunContextOptions extends Partial<GateOptions> {
  signal?: AbortSignal | undefined;
  drain?: AbortSignal | undefined;
  rehearses?: boolean | undefined;
  looks?: boolean | undefined;
}

/** A client that sends for a run. */
export interface WatchedClient {
  readonly counts: Traffic;
  readonly pacer?: { readonly perSecond: number; readonly limit: number; readonly downForMs: number | undefined };
  waits(): string | undefined;
  /** Asks for a turn before each request from now on; without turns no more. */
  shareTurns?(turns: Turns | undefined): void;
}

/** Longest wait for what is still being closed when a run ends. */
const closeWithinMs = 5000;

/** One run: its gate, its ledger, its signal. */
export class RunContext {
  readonly gate: Gate;
  readonly ledger = new Ledger();
  /** Aborted when the run is to stop at once. */
  readonly signal: AbortSignal;
  /** Aborted when sources are to be read no further; what was read goes on. */
  readonly drain: AbortSignal;
  /** Whether it is a plan: sinks find out what they would do, and neither send nor write. */
  readonly rehearses: boolean;
  /** Whether its inputs are only looked at: their sources take no note of it. */
  readonly looks: boolean;
  /** Whether a sink records inputs in full; set before the sources are read. */
  wholeRecords = false;
  /** Set before the sources are read. */
  store: OutcomeStore | undefined;
  /** What the sinks write to, in the order of the pipe. */
  targets: readonly SinkTarget[] = [];
  /** Datasets that inputs joined, by the names of their sinks. */
  readonly datasets = new Map<string, Set<string>>();
  /** Gets every input with its outcome, where a report is made. */
  sample: Sample | undefined;
  /** The ids of what earlier runs finished and this one came by; made when there is one. */
  finishedIds: IdsInRun | undefined;
  /** Sinks in the pipe. */
  sinkCount = 0;
  /** Inputs that a sink has written and that have no outcome yet: those that operators behind the sink drop are ok. */
  readonly written = new Set<{ settleWritten(): void }>();
  /** The sink behind which an operator has ended the stream; what stages hold then is not written. */
  cut: string | undefined;
  /** Whether the stream ended with an error, or was left by whoever subscribed to it. */
  left = false;
  /** Whether the stream came to its end. */
  isWhole = false;
  /** What each stage waits for just now, if for anything; asked when nothing goes on. */
  readonly waits = new Set<() => string | undefined>();
  /** The sources that are not at their end. */
  readonly reading = new Set<Reading>();
  /** What the sinks have done, in the order in which they began. */
  readonly sinks = new Set<SinkProgress>();
  readonly #watched = new Map<Traffic, { client: WatchedClient; before: Traffic }>();
  readonly #open = new Set<Promise<unknown>>();
  readonly #writing = new Set<Promise<unknown>>();
  readonly #acknowledging = new Set<Promise<void>>();
  readonly #ends: (() => Promise<void>)[] = [];
  #turns: Turns | undefined;

  constructor(options: RunContextOptions = {}) {
    this.gate = new Gate({
      maxInFlight: options.maxInFlight ?? 4096,
      maxBytesInFlight: options.maxBytesInFlight ?? 256_000_000,
    });
    this.rehearses = options.rehearses ?? false;
    this.looks = options.looks ?? this.rehearses;
    this.signal = options.signal ?? new AbortController().signal;
    this.drain = options.drain ?? new AbortController().signal;
  }

  /** Whether nothing is under way, and all sources that go on wait for what is to come. */
  get isIdle(): boolean {
    if (this.ledger.counts.inFlight > 0 || this.reading.size === 0) return false;
    for (const { idle } of this.reading) if (idle === undefined) return false;
    return true;
  }

  /** Announces an outcome: at once, or when those who keep it have it: its source first, then the files of the run. */
  settle(settlement: Settlement, kept?: Tracking, input?: Input | InputDraft): void {
    if (!kept?.acknowledge) {
      this.#announce(settlement, kept, input);
      return;
    }
    const failed = (error: unknown): Outcome => {
      return { state: "pending", reason: `${kept.source} took no note of it: ${describeError(error)}` };
    };
    const acknowledged = kept
      .acknowledge(settlement.outcome, input)
      .catch(failed)
      .then((outcome) => {
        this.#acknowledging.delete(acknowledged);
        this.#announce({ ...settlement, outcome }, kept, input);
      });
    this.#acknowledging.add(acknowledged);
  }

  #announce(settlement: Settlement, kept?: Tracking, input?: Input | InputDraft): void {
    if (this.store && kept) this.store.keep(settlement, kept, input, () => this.ledger.settled(settlement));
    else this.ledger.settled(settlement);
  }

  /** Registers what has to be over before the run is: a source that is read, a sink that is closed. */
  track(work: Promise<unknown>): void {
    const over = () => void this.#open.delete(settled);
    const settled = work.then(over, over);
    this.#open.add(settled);
  }

  /** Registers writes that a sink has begun, and that go on after the stream behind it has ended. */
  trackWriting(work: Promise<unknown>): void {
    const over = () => void this.#writing.delete(settled);
    const settled = work.then(over, over);
    this.#writing.add(settled);
  }

  /** Registers what is closed last, when all outcomes are told. */
  atEnd(close: () => Promise<void>): void {
    this.#ends.push(close);
  }

  /**
   * Resolves when all that was registered is over, or after a while: a plugin that hangs does not hang the run. Then outcomes are waited for that
   * their sources have not taken note of, and the sources let go.
   */
  async closed(withinMs = closeWithinMs): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
    if (this.#open.size > 0) await this.#stagesClosed(withinMs);
    for (const message of [...this.written]) message.settleWritten();
    while (this.#acknowledging.size > 0) await Promise.all(this.#acknowledging);
    if (this.#turns) for (const { client } of this.#watched.values()) client.shareTurns?.(undefined);
    await Promise.all(this.#ends.splice(0).map((close) => close()));
  }

  async #stagesClosed(withinMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([Promise.all(this.#open), deadline]);
    clearTimeout(timer);
  }

  /** Counts, from now on, what this client sends, and asks it what it waits for; it may be shared by stages and by runs. */
  watch(client: WatchedClient): void {
    if (this.#watched.has(client.counts)) return;
    this.#watched.set(client.counts, { client, before: { ...client.counts } });
    this.waits.add(() => client.waits());
    if (this.#turns) client.shareTurns?.(this.#turns);
  }

  /** Lets the clients of this run share the requests of their accounts with other processes. */
  shareTurns(turns: Turns): void {
    this.#turns = turns;
    for (const { client } of this.#watched.values()) client.shareTurns?.(turns);
  }

  /** What the clients of this run sent since the run began to use them. */
  get traffic(): Traffic {
    const sum: Traffic = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
    for (const [now, { before }] of this.#watched) {
      for (const key of Object.keys(sum) as (keyof Traffic)[]) sum[key] += now[key] - before[key];
    }
    return sum;
  }

  /** How fast its clients may send just now: sums of what each may, and the longest time for which a server has been down. */
  get pacing(): { perSecond: number; limit: number; downForMs: number } {
    const sum = { perSecond: 0, limit: 0, downForMs: 0 };
    for (const { client } of this.#watched.values()) {
      sum.perSecond += client.pacer?.perSecond ?? Number.POSITIVE_INFINITY;
      sum.limit += client.pacer?.limit ?? 0;
      sum.downForMs = Math.max(sum.downForMs, client.pacer?.downForMs ?? 0);
    }
    if (this.#watched.size === 0) sum.perSecond = Number.POSITIVE_INFINITY;
    return sum;
  }

  /** How long the requests so far take at the rates that their clients know, in milliseconds; undefined where one knows none. */
  get pacedMs(): number | undefined {
    let sum = 0;
    for (const [now, { client, before }] of this.#watched) {
      const perSecond = client.pacer?.perSecond ?? Number.POSITIVE_INFINITY;
      const requests = now.requests - before.requests;
      if (requests > 0 && perSecond === Number.POSITIVE_INFINITY) return undefined;
      if (requests > 0) sum += (requests / perSecond) * 1000;
    }
    return sum;
  }
}
