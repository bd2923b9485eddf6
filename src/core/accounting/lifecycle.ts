/** The lifecycle of a run: its stop signals, its open sources and sinks, and what they wait for. */

/** Signals that stop a run. */
export interface LifecycleOptions {
  /** Stops the run at once. */
  signal?: AbortSignal | undefined;
  /** Stops only the reading of sources. */
  drain?: AbortSignal | undefined;
}

/** A source that is being read. */
export interface Reading {
  /** What the source waits for, if it has yielded everything that exists so far. */
  idle: string | undefined;
}

/** Longest wait for sources and sinks that are still closing when a run ends. */
const closeWithinMs = 5000;

/** Tracks what is open, so that a run ends after its sources and sinks have closed. */
export class Lifecycle {
  /** Aborted when the run stops at once. */
  readonly signal: AbortSignal;
  /** Aborted when sources are no longer read; messages in flight continue. */
  readonly drain: AbortSignal;
  /** Name of the sink after which an operator ended the stream early. Messages that stages hold then are not written. */
  cut: string | undefined;
  /** Whether the stream ended with an error, or its subscriber unsubscribed. */
  left = false;
  /** Whether the stream completed. */
  isComplete = false;
  /** Functions that describe what each stage waits for; undefined if it does not wait. */
  readonly waits = new Set<() => string | undefined>();
  /** The sources that have not ended. */
  readonly reading = new Set<Reading>();
  readonly #open = new Set<Promise<unknown>>();
  readonly #writing = new Set<Promise<unknown>>();
  readonly #ends = new Set<() => Promise<void>>();

  constructor({ signal, drain }: LifecycleOptions = {}) {
    this.signal = signal ?? new AbortController().signal;
    this.drain = drain ?? new AbortController().signal;
  }

  /** Whether all sources that have not ended wait for new items. */
  get areSourcesIdle(): boolean {
    if (this.reading.size === 0) return false;
    for (const { idle } of this.reading) if (idle === undefined) return false;
    return true;
  }

  /** Registers work that the run waits for at its end: a source that is read, a sink that closes. */
  track(work: Promise<unknown>): void {
    addUntilSettled(this.#open, work);
  }

  /** Registers writes that continue after an operator ended the stream. */
  trackWriting(work: Promise<unknown>): void {
    addUntilSettled(this.#writing, work);
  }

  /** Registers a function that is called last, after every outcome is reported. Returns a function that removes it again. */
  atEnd(close: () => Promise<void>): () => void {
    this.#ends.add(close);
    return () => void this.#ends.delete(close);
  }

  /** Resolves when all tracked work has ended, or after `withinMs`: a plugin that hangs does not hang the run. */
  async stagesClosed(withinMs = closeWithinMs): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
    if (this.#open.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, withinMs);
    });
    await Promise.race([Promise.all(this.#open), deadline]);
    clearTimeout(timer);
  }

  /** Calls the functions that were registered with `atEnd`. */
  async ended(): Promise<void> {
    const ends = [...this.#ends];
    this.#ends.clear();
    await Promise.all(ends.map((close) => close()));
  }
}

function addUntilSettled(set: Set<Promise<unknown>>, work: Promise<unknown>): void {
  const remove = () => void set.delete(settled);
  const settled = work.then(remove, remove);
  set.add(settled);
}
