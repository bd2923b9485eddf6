/** Pacing: how many attempts go out at once, how fast, and how many of them are retries; shared by all calls of an account. */

export interface PacerOptions {
  /** Requests per second that the server is known to grant; undefined: found out. */
  requestsPerSecond?: number | undefined;
  /** Most attempts open at once. Default: 32. */
  maxConcurrency?: number | undefined;
}

/** Time and waiting, replaced in tests. */
export interface Clock {
  now(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason as Error);
      const abort = () => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, ms);
      signal?.addEventListener("abort", abort, { once: true });
    }),
};

const initialLimit = 4;

/**
 * Paces attempts. A call takes a slot for its whole life, retries and the waits between them included; before each attempt it takes a
 * token. Slots are few at first and grow while answers come without delay; tokens come at the granted rate, which a throttled
 * answer teaches.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #maxConcurrency: number;
  #limit: number;
  #open = 0;
  #queue: (() => void)[] = [];
  #rate: number;
  #tokens: number;
  #refilledAt: number;
  #coolUntil = 0;

  constructor(options: PacerOptions = {}, clock: Clock = systemClock) {
    this.#clock = clock;
    this.#maxConcurrency = options.maxConcurrency ?? 32;
    this.#limit = Math.min(initialLimit, this.#maxConcurrency);
    this.#rate = options.requestsPerSecond ?? Number.POSITIVE_INFINITY;
    this.#tokens = Math.min(this.#rate, 15);
    this.#refilledAt = clock.now();
  }

  /** Attempts open or waiting for their retry. */
  get open(): number {
    return this.#open;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Takes a slot, in order of asking. */
  async slot(): Promise<void> {
    if (this.#open < Math.floor(this.#limit)) {
      this.#open += 1;
      return;
    }
    await new Promise<void>((resolve) => this.#queue.push(resolve));
  }

  /** Gives the slot to the next in the queue. */
  leave(): void {
    this.#open -= 1;
    this.#admit();
  }

  /** Waits for the right to send one attempt now. */
  async token(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const now = this.#clock.now();
      const wait = Math.max(this.#coolUntil - now, this.#tokenWait(now));
      if (wait <= 0) return;
      await this.#clock.sleep(wait, signal);
    }
  }

  succeeded(): void {
    this.#limit = Math.min(this.#maxConcurrency, this.#limit + 1 / this.#limit);
    this.#admit();
  }

  /** The server said that it is too much; `granted` is the rate that it named. */
  throttled(granted: number | undefined, retryAfterMs: number | undefined): void {
    const now = this.#clock.now();
    if (granted !== undefined && granted < this.#rate) {
      this.#rate = granted;
      this.#tokens = 0;
      this.#refilledAt = now;
    }
    this.#limit = Math.max(1, this.#limit * 0.8);
    this.#coolUntil = Math.max(this.#coolUntil, now + (retryAfterMs ?? 1000));
  }

  failed(): void {
    this.#limit = Math.max(1, this.#limit * 0.8);
  }

  #admit(): void {
    while (this.#open < Math.floor(this.#limit)) {
      const next = this.#queue.shift();
      if (!next) return;
      this.#open += 1;
      next();
    }
  }

  #tokenWait(now: number): number {
    if (this.#rate === Number.POSITIVE_INFINITY) return 0;
    const burst = Math.max(1, Math.min(this.#rate, 15));
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#refilledAt) / 1000) * this.#rate);
    this.#refilledAt = now;
    if (this.#tokens < 1) return ((1 - this.#tokens) / this.#rate) * 1000;
    this.#tokens -= 1;
    return 0;
  }
}
