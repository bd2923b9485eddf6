/** The rate of attempts: evenly spaced, as fast as is granted; what is granted is known, told by the server, or found out. */

/** Attempts go out a little slower than is granted, so that the jitter of the way makes no window too full. */
const margin = 0.975;
/** After the server refused, a rate that is being found out goes back to this share of what it had let through. */
const backOff = 0.92;
/** How long it is kept then, before more is tried. */
const keptMs = 10_000;
/** Growth a second while more is tried: a little at first, then more, for a limit that was lifted. */
const growth = [
  { upTo: 1.15, factor: 1.03 },
  { upTo: 2, factor: 1.15 },
  { upTo: Number.POSITIVE_INFINITY, factor: 1.5 },
];
/** Growth a second of a rate that is known and was refused all the same: somebody else had a share of it for a while. */
const comeback = 1.001;
/** What the server lets through is the most that it did in a second, lately. */
const windowMs = 1000;
const latelyMs = 3000;

/** What a refusal told. */
export interface Refusal {
  /** The limit that the server named, in requests a second. */
  granted?: number | undefined;
  retryAfterMs?: number | undefined;
}

/** Spaces attempts. There is no limit until one is known. */
export class Rate {
  #perSecond: number;
  /** Known beforehand, or named by the server: none has to be found out. */
  #told: boolean;
  /** The rate that is known, once one is. */
  #granted: number;
  /** When the next attempt may go. */
  #nextAt = 0;
  /** Since when the rate is what it is; refusals of attempts from before do not count again. */
  #setAt = 0;
  /** Something got through at this rate. */
  #proven = false;
  /** When a rate that was found out may grow again, or has grown last. */
  #growsFrom = 0;
  /** The rate that was too much; 0 when none was, or the limit was told. */
  #ceiling = 0;
  /** The rate that was found out last. */
  #found = 0;
  /** When attempts succeeded, lately. */
  #passed: number[] = [];

  constructor(perSecond: number | undefined) {
    this.#told = perSecond !== undefined;
    this.#perSecond = this.#granted = (perSecond ?? Number.POSITIVE_INFINITY) * margin;
  }

  /** Attempts a second; Infinity while nothing limits them. */
  get perSecond(): number {
    return this.#perSecond;
  }

  /** Reserves the next attempt; gives back how long it has to wait. */
  reserve(now: number): number {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return Math.max(0, this.#nextAt - now);
    if (now - this.#growsFrom >= 1000) {
      const { factor = 1 } = growth.find(({ upTo }) => this.#perSecond < this.#found * upTo) ?? {};
      this.#perSecond = this.#told ? Math.min(this.#granted, this.#perSecond * comeback) : this.#perSecond * factor;
      this.#growsFrom = now;
    }
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + 1000 / this.#perSecond;
    return at - now;
  }

  /** An attempt that began at `startedAt` got through. */
  passed(now: number, startedAt: number): void {
    this.#passed.push(startedAt);
    if (this.#passed.length > 16_384) this.#passed = this.#passed.filter((at) => at > now - latelyMs);
    if (startedAt >= this.#setAt) this.#proven = true;
    else if (this.#ceiling > 0) this.#found = this.#perSecond = this.#slower(now); // it was on its way when another was refused
  }

  /** The server refused an attempt that began at `startedAt`. */
  refused(now: number, startedAt: number, { granted, retryAfterMs = 0 }: Refusal): void {
    const unlimited = this.#perSecond === Number.POSITIVE_INFINITY;
    if (granted !== undefined && !this.#told) {
      this.#told = true;
      this.#ceiling = 0;
      this.#granted = granted * margin;
      this.#set(now, this.#granted);
    } else if (this.#proven && startedAt >= this.#setAt) {
      // A server that lets nothing through teaches nothing about its rate.
      this.#ceiling = this.#told ? 0 : this.#perSecond;
      this.#set(now, this.#told ? this.#perSecond * 0.99 : this.#slower(now));
    }
    const pause = Math.max(retryAfterMs, unlimited ? 1000 : 0); // the window of the server is full
    this.#nextAt = Math.max(this.#nextAt, now + pause);
  }

  #set(now: number, perSecond: number): void {
    this.#perSecond = perSecond;
    this.#found = perSecond;
    this.#setAt = now;
    this.#proven = false;
    this.#growsFrom = now + keptMs;
    this.#nextAt = Math.max(this.#nextAt, now + 1000 / perSecond);
  }

  /** A little less than what the server let through, at most, in a second. */
  #slower(now: number): number {
    const lately = this.#passed.filter((at) => at > now - latelyMs).sort((one, other) => one - other);
    let most = 1;
    for (let first = 0, last = 0; last < lately.length; last += 1) {
      while ((lately[last] as number) - (lately[first] as number) >= windowMs) first += 1;
      most = Math.max(most, last - first + 1);
    }
    return Math.min(this.#ceiling, (most * 1000) / windowMs) * backOff;
  }
}
