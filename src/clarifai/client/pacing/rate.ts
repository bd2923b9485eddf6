/** The rate of attempts: evenly spaced, up to the granted rate. The granted rate is configured, named by the server, or estimated by trying. */

import { Refusals } from "./refusals.js";

/** Attempts are sent a little slower than granted, so that the jitter of the network overfills no window of the server. */
const margin = 0.975;
/** After a refusal, an estimated rate drops to this share of the rate that the server accepted. */
const backOff = 0.92;
/** Single refusals lower a known rate to this share of it at most. */
const knownFloor = 0.9;
/** An estimated rate never drops below this number of requests a second. */
const floor = 1;
/** Time at that rate before a higher one is tried. */
const keptMs = 10_000;
/** Growth a second while higher rates are tried: slow at first, then faster, in case the limit was lifted. */
const growth = [
  { upTo: 1.15, factor: 1.03 },
  { upTo: 2, factor: 1.15 },
  { upTo: Number.POSITIVE_INFINITY, factor: 1.5 },
];
/** Growth a second of a known rate after a refusal: another program used a share of it for a while. */
const comeback = 1.001;
/** The accepted rate is the largest number of successes in one window within this time. */
const windowMs = 1000;
const latelyMs = 3000;

/** A turn that is missed by less than this was met; the difference is an error of the arithmetic. */
const roundingMs = 1;

/** The share of an account's rate that one process uses. */
export interface Share {
  /** Above 0, at most 1. */
  fraction: number;
  /** Where in each interval between two requests this process has its turn, from 0 to 1, and the time of day minus the time of the clock. */
  turn?: { phase: number; dayOffsetMs: number } | undefined;
}

/**
 * Spaces attempts. There is no limit until one is known. A refusal that names no rate lowers the rate on trial: if the share of refusals stays the same,
 * they are random, and the former rate returns.
 */
export class Rate {
  #perSecond: number;
  /** Whether the rate was configured or named by the server, so that it is not estimated. */
  #known: boolean;
  /** The granted rate, once it is known. */
  #granted: number;
  /** When the next attempt may be sent. */
  #nextAt = 0;
  /** When the rate changed last; refusals of earlier attempts do not count again. */
  #setAt = 0;
  /** Whether an attempt succeeded at this rate. */
  #proven = false;
  /** When an estimated rate may grow again, or grew last. */
  #growsFrom = 0;
  /** The rate that was too high; 0 if none was, or if the rate is known. */
  #ceiling = 0;
  /** The last estimate. */
  #found = 0;
  /** The rate before the trial, which returns if refusals are random. */
  #before = Number.POSITIVE_INFINITY;
  readonly #refusals = new Refusals();
  /** When attempts succeeded, lately. */
  #passed: number[] = [];

  /** The share of a known rate that this process uses, and its turns. */
  #share: Share = { fraction: 1 };

  constructor(perSecond: number | undefined) {
    this.#known = perSecond !== undefined;
    this.#perSecond = this.#granted = (perSecond ?? Number.POSITIVE_INFINITY) * margin;
  }

  /** Uses another share of a known rate from now on. A rate that is estimated stays, since each process estimates what the others leave. */
  setShare(share: Share): void {
    const factor = share.fraction / this.#share.fraction;
    this.#share = share;
    if (!this.#known) return;
    this.#granted *= factor;
    this.#perSecond *= factor;
    this.#found *= factor;
    this.#before *= factor;
    this.#ceiling = 0;
  }

  /** Attempts a second; Infinity while nothing limits them. */
  get perSecond(): number {
    return this.#perSecond;
  }

  /** Whether the server refuses a share of the attempts at any rate. */
  get isRefusedAtRandom(): boolean {
    return this.#refusals.areRandom;
  }

  /** Reserves the next attempt, and returns how long it has to wait. */
  reserve(now: number): number {
    if (this.#perSecond === Number.POSITIVE_INFINITY) return Math.max(0, this.#nextAt - now);
    if (now - this.#growsFrom >= 1000 && !this.#refusals.seemRandom) {
      this.#refusals.endTrial();
      const { factor = 1 } = growth.find(({ upTo }) => this.#perSecond < this.#found * upTo) ?? {};
      this.#perSecond = this.#known ? Math.min(this.#granted, this.#perSecond * comeback) : this.#perSecond * factor;
      this.#growsFrom = now;
    }
    const at = this.#turnFrom(Math.max(now, this.#nextAt));
    this.#nextAt = at + 1000 / this.#perSecond;
    return at - now;
  }

  /**
   * Returns the next turn of this process at or after a moment. Processes that share a rate take turns by the time of day, so that together they send evenly,
   * also if all of them start at once.
   */
  #turnFrom(at: number): number {
    const { turn } = this.#share;
    if (!turn || !this.#known) return at;
    const spacing = 1000 / this.#perSecond;
    const wait = (((turn.phase * spacing - (at + turn.dayOffsetMs)) % spacing) + spacing) % spacing;
    return spacing - wait < roundingMs ? at : at + wait;
  }

  /** Forgets reservations, because all waiting attempts reserve again; none may be sent before `from`. */
  restart(from: number): void {
    this.#nextAt = from;
  }

  /** Records the success of an attempt that began at `startedAt`. Returns whether the rate rose. */
  passed(now: number, startedAt: number): boolean {
    this.#passed.push(startedAt);
    if (this.#passed.length > 16_384) this.#passed = this.#passed.filter((at) => at > now - latelyMs);
    if (startedAt >= this.#setAt) {
      this.#proven = true;
      return this.#record(now, false);
    }
    if (this.#ceiling > 0) this.#found = this.#perSecond = this.#slower(now); // it was sent before another one was refused
    return false;
  }

  /** Records the refusal of an attempt that began at `startedAt`; `isHeld`: it asks for a wait. Returns whether the rate rose. */
  refused(
    now: number,
    startedAt: number,
    { granted, isHeld }: { granted?: number | undefined; isHeld: boolean },
  ): boolean {
    const own = granted === undefined ? undefined : granted * margin * this.#share.fraction;
    if (own !== undefined && (!this.#known || own < this.#granted)) {
      this.#known = true;
      this.#ceiling = 0;
      this.#granted = own;
      this.#refusals.endTrial();
      this.#leaveWindow(now);
      this.#set(now, this.#granted);
      return false;
    }
    // A server that accepts nothing reveals nothing about its rate.
    if (!this.#proven || startedAt < this.#setAt) return false;
    if (this.#record(now, true)) return true;
    if (this.#refusals.isOnTrial) return false;
    const unlimited = this.#perSecond === Number.POSITIVE_INFINITY;
    if (this.#known && !this.#refusals.isFrequent) {
      if (this.#refusals.isUnusual) this.#lowerKnown(now);
    } else if (unlimited ? this.#refusals.isBlocked : this.#refusals.isUnusual) {
      this.#leaveWindow(now);
      this.#lower(now);
    } else if (unlimited && isHeld) this.#refusals.acceptScattered();
    return false;
  }

  /** Pauses attempts that nothing limited, because they have filled the window of the server. */
  #leaveWindow(now: number): void {
    if (this.#perSecond === Number.POSITIVE_INFINITY) this.#nextAt = Math.max(this.#nextAt, now + windowMs);
  }

  /** Records the result of an attempt at the present rate. If it shows that refusals are random, returns to the rate before. */
  #record(now: number, isRefused: boolean): boolean {
    if (this.#refusals.record(isRefused) !== "random") return false;
    this.#ceiling = 0;
    this.#set(now, this.#before);
    this.#growsFrom = now;
    this.#proven = true;
    return true;
  }

  /** Lowers the rate below the one that the server accepted, on trial. */
  #lower(now: number): void {
    this.#before = this.#known ? this.#granted : this.#perSecond;
    this.#ceiling = this.#perSecond;
    this.#set(now, this.#slower(now));
    this.#refusals.startTrial(this.#perSecond <= floor);
  }

  #lowerKnown(now: number): void {
    this.#ceiling = 0;
    this.#set(now, Math.max(this.#granted * knownFloor, this.#perSecond * 0.99));
  }

  #set(now: number, perSecond: number): void {
    this.#perSecond = perSecond;
    this.#found = perSecond;
    this.#setAt = now;
    this.#proven = false;
    this.#growsFrom = now + keptMs;
    this.#nextAt = Math.max(this.#nextAt, now + 1000 / perSecond);
  }

  /** Returns a little less than the highest recent rate at which the server accepted attempts. */
  #slower(now: number): number {
    const lately = this.#passed.filter((at) => at > now - latelyMs).sort((one, other) => one - other);
    let most = 1;
    for (let first = 0, last = 0; last < lately.length; last += 1) {
      while ((lately[last] as number) - (lately[first] as number) >= windowMs) first += 1;
      most = Math.max(most, last - first + 1);
    }
    return Math.min(this.#ceiling, Math.max(floor, ((most * 1000) / windowMs) * backOff));
  }
}
