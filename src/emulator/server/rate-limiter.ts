/** Limits requests per second with a token bucket. */

export class RateLimiter {
  readonly requestsPerSecond: number;
  #tokens: number;
  #refilledAt = performance.now();

  constructor(requestsPerSecond: number) {
    this.requestsPerSecond = requestsPerSecond;
    this.#tokens = requestsPerSecond;
  }

  /** Takes a token; false if none is left. */
  tryAcquire(): boolean {
    const now = performance.now();
    const refill = ((now - this.#refilledAt) / 1000) * this.requestsPerSecond;
    this.#tokens = Math.min(this.requestsPerSecond, this.#tokens + refill);
    this.#refilledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
