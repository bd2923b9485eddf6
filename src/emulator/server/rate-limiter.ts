/** Limits requests per second with a token bucket. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { Refusal } from "../wire/refusals.js";

export class RateLimiter {
  readonly #requestsPerSecond: number;
  #tokens: number;
  #refilledAt = performance.now();

  constructor(requestsPerSecond: number) {
    this.#requestsPerSecond = requestsPerSecond;
    this.#tokens = requestsPerSecond;
  }

  /** Takes a token. @throws {Refusal} 11005 if none is left */
  acquire(): void {
    const now = performance.now();
    const refill = ((now - this.#refilledAt) / 1000) * this.#requestsPerSecond;
    this.#tokens = Math.min(this.#requestsPerSecond, this.#tokens + refill);
    this.#refilledAt = now;
    if (this.#tokens < 1) {
      const details = `exceeded limit of ${this.#requestsPerSecond} requests per second`;
      throw new Refusal(statusCodes.CONN_THROTTLED, details);
    }
    this.#tokens -= 1;
  }
}
