/** The limit of open requests. It grows while a higher limit raises the throughput, and falls when it does not. */

export interface ConcurrencyOptions {
  initial: number;
  max: number;
}

/** A higher limit stays if the throughput grows by at least this share of the growth of the limit. */
const worthwhile = 0.35;
/** A lower limit stays if at least this share of the throughput is left. */
const tolerated = 0.97;
/** Measurements without a change before another number is tried. */
const calmRounds = 8;

type Trial = "start" | "settled" | "up" | "down";

/**
 * Finds the limit of open requests with the highest throughput, by trying. Throughput counts work (requests and bytes), since requests differ in size.
 * The limit doubles at the start. Later it grows or shrinks a little from time to time, and the better limit stays.
 */
export class Concurrency {
  #limit: number;
  readonly #max: number;
  #trial: Trial = "start";
  /** The number that a trial compares with, and its throughput in work a millisecond. */
  #base = 0;
  #baseDone = 0;
  #calm = 0;
  #nextTrial: "up" | "down" = "up";
  /** The current measurement; it leaves out requests that were sent before it began. */
  #ends = 0;
  #work = 0;
  #since = 0;
  #wanted = 0;

  constructor({ initial, max }: ConcurrencyOptions) {
    this.#max = max;
    this.#limit = Math.min(initial, max);
  }

  get limit(): number {
    return this.#limit;
  }

  /** Records a success. `saturated`: all requests that the limit allows were open, and more were waiting for a slot. */
  succeeded(now: number, work: number, saturated: boolean): void {
    this.#ends += 1;
    if (this.#ends <= this.#limit) {
      this.#since = now; // these began under another limit
      return;
    }
    this.#work += work;
    if (saturated) this.#wanted += 1;
    const counted = this.#ends - this.#limit;
    if (counted < Math.max(8, this.#limit * 2) || now <= this.#since) return;
    const done = this.#work / (now - this.#since);
    const wanted = this.#wanted > counted / 2;
    if (wanted) this.#judge(done);
    this.#measure();
  }

  /**
   * Records that the server refused a request at random and asked for a wait. All requests then stand still most of the time. Raises the limit, so that more
   * requests are sent between two waits; the throughput measured there says little.
   */
  rested(): void {
    this.#settle(Math.min(this.#max, Math.ceil(this.#limit * 1.5)), 0);
  }

  /** Records a failure of the network or the server: halves the number and starts from there. Several at once count once. */
  failed(): void {
    if (this.#ends === 0 && this.#trial === "start" && this.#baseDone === 0) return;
    this.#set(Math.max(1, Math.floor(this.#limit / 2)));
    this.#trial = "start";
    this.#baseDone = 0;
  }

  #judge(done: number): void {
    const gain = done / this.#baseDone - 1;
    const more = this.#limit / this.#base - 1;
    switch (this.#trial) {
      case "start":
        if (this.#baseDone === 0 || gain >= more * worthwhile) this.#try("start", this.#limit * 2, done);
        else this.#settle(gain > 0.03 ? this.#limit : this.#base, gain > 0.03 ? done : this.#baseDone);
        return;
      case "up":
        if (gain >= more * worthwhile) this.#try("up", step(this.#limit), done);
        else this.#settle(this.#base, this.#baseDone, "down");
        return;
      case "down":
        if (done >= this.#baseDone * tolerated) this.#settle(this.#limit, Math.max(done, this.#baseDone), "down");
        else this.#settle(this.#base, this.#baseDone, "up");
        return;
      default:
        this.#calm += 1;
        this.#baseDone = this.#calm === 1 ? done : this.#baseDone * 0.7 + done * 0.3;
        if (this.#calm < calmRounds) return;
        if (this.#nextTrial === "up") this.#try("up", step(this.#limit), this.#baseDone);
        else this.#try("down", Math.max(1, Math.floor(this.#limit * 0.8)), this.#baseDone);
    }
  }

  /** Measures another number next. */
  #try(trial: Trial, limit: number, done: number): void {
    const next = Math.min(this.#max, limit);
    if (next === this.#limit) {
      this.#settle(this.#limit, done, "down");
      return;
    }
    this.#base = this.#limit;
    this.#baseDone = done;
    this.#trial = trial;
    this.#set(next);
  }

  #settle(limit: number, done: number, next: "up" | "down" = "up"): void {
    this.#trial = "settled";
    this.#calm = 0;
    this.#nextTrial = next;
    this.#base = limit;
    this.#baseDone = done;
    this.#set(limit);
  }

  #set(limit: number): void {
    this.#limit = limit;
    this.#measure();
  }

  #measure(): void {
    this.#ends = 0;
    this.#work = 0;
    this.#wanted = 0;
  }
}

function step(limit: number): number {
  return Math.max(limit + 1, Math.ceil(limit * 1.25));
}
