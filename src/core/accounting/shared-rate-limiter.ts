/** A rate limiter that processes share: together they keep the rate of an account. */

/** Hands out the moments at which requests of an account may be sent, among all processes that ask it. */
export interface SharedRateLimiter {
  /** Waits until one request of the account may be sent. @throws the reason of the signal */
  acquire(account: string, perSecond: number, signal?: AbortSignal): Promise<void>;
}
