/** A distributed rate limiter: several processes together keep the rate of an account. */

/** Grants the slots for requests of an account to all processes that share the limiter. */
export interface SharedRateLimiter {
  /** Acquires a slot: resolves when one request of the account may be sent. @throws the reason of the signal */
  acquire(account: string, perSecond: number, signal?: AbortSignal): Promise<void>;
}
