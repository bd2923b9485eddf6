/** Long waits: a wait that would outlast the time for retries fails at once, with its reason. */

import { durationText } from "../../../core/util/format/format.js";
import { ApiError, type ApiErrorDetails } from "../api-error.js";

/** A named rate below one request in this time is an error. */
const longestIntervalMs = 600_000;

interface Wait {
  now: number;
  /** How long the server asked to wait from now. */
  heldForMs: number;
  /** What is left of `retryForMs`. */
  leftMs: number;
  retryForMs: number;
}

/** Knows the waits of one server, and makes the errors of calls that will not wait. */
export class LongWaits {
  readonly #address: string;
  /** The rate that is too low to be used, and when the server may be asked again. */
  #lowRate: { perSecond: number; until: number } | undefined;

  constructor(address: string) {
    this.#address = address;
  }

  /** Returns the wait between two requests of a named rate if it is longer than a second. A rate that is too low is remembered. */
  intervalOf(perSecond: number | undefined, now: number): number {
    if (perSecond === undefined || perSecond >= 1) return 0;
    if (1000 / perSecond <= longestIntervalMs) return 1000 / perSecond;
    this.#lowRate = { perSecond, until: now + longestIntervalMs };
    return longestIntervalMs;
  }

  /** Returns whether a named rate can be used. */
  isUsable(perSecond: number): boolean {
    return 1000 / perSecond <= longestIntervalMs;
  }

  /** Returns the error of a call that would wait too long; undefined if it waits. */
  errorOf({ now, heldForMs, leftMs, retryForMs }: Wait, details: ApiErrorDetails): ApiError | undefined {
    if (heldForMs <= 0) return undefined;
    if (this.#lowRate && now < this.#lowRate.until) {
      const { perSecond } = this.#lowRate;
      const text = `${this.#address} allows ${Number(perSecond.toPrecision(3))} requests per second, which is less than one request in 10 minutes; ask for a higher rate`;
      return new ApiError("ERR_RATE_TOO_LOW", text, { ...details, retryable: true });
    }
    if (heldForMs <= leftMs) return undefined;
    const left = leftMs < retryForMs ? `, of which ${durationText(Math.max(0, leftMs))} are left` : "";
    const text = `${this.#address} asked to wait for ${durationText(heldForMs)}, which is more than retryForMs allows (${durationText(retryForMs)}${left}); try again later, or raise retryForMs of connect`;
    return new ApiError("ERR_WAIT_TOO_LONG", text, { ...details, retryable: true });
  }
}
