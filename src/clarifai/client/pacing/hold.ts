/** Holds: the time for which a server asked to send nothing. */

/** Random part of a wait, so that processes which were refused together do not resume together. */
const jitterShare = 0.1;
const longestJitterMs = 1000;
/** Longest time over which the waiting requests of this process resume. */
const longestSpreadMs = 250;

/** The wait that the server asked for last. It concerns all requests of the account, and never ends early. */
export class Hold {
  #until = Number.NEGATIVE_INFINITY;
  #spreadMs = 0;

  /** End of the wait. */
  get until(): number {
    return this.#until;
  }

  /** Returns how much of the wait is left, in milliseconds. */
  left(now: number): number {
    return Math.max(0, this.#until - now);
  }

  /** Draws the wait of one request. Requests resume within the time that the refusal took to arrive, so that the next refusal stops few of them. */
  draw(now: number): number {
    return this.left(now) + Math.random() * this.#spreadMs;
  }

  /** Records a wait of `ms`, which an answer asked for that took `answerMs`. Returns whether it ends later than the one before. */
  ask(now: number, ms: number, answerMs: number): boolean {
    if (ms <= 0) return false;
    const until = now + ms + Math.random() * Math.min(ms * jitterShare, longestJitterMs);
    if (until <= this.#until || now + ms <= this.#until) return false;
    this.#until = until;
    this.#spreadMs = Math.min(longestSpreadMs, answerMs);
    return true;
  }
}
