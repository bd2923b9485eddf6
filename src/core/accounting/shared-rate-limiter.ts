/** Turns: how processes share the requests of an account. */

/** Hands out the moments at which requests of an account may go, among all processes that ask it. */
export interface Turns {
  /** Waits for the moment of one request. @throws the reason of the signal */
  next(account: string, perSecond: number, signal?: AbortSignal): Promise<void>;
}
