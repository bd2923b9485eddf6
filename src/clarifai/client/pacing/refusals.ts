/** Refusals: whether they follow the rate, so that a lower rate avoids them, or come at random. */

/** Attempts that are compared with the usual share of refusals. */
const recentAttempts = 32;
/** A trial ends when one explanation is this much more likely than the other (20 to 1). */
const certain = 3;
/** A share above this one never counts as random, and a share below the other one counts as none. */
const highestShare = 0.75;
const lowestShare = 0.02;
/** Attempts that the share of random refusals is averaged over. */
const averagedAttempts = 256;

type TrialResult = "follow the rate" | "random";

interface Trial {
  /** Share of refusals before the rate was lowered, and the share that is expected if refusals follow the rate. */
  high: number;
  low: number;
  /** Logarithm of how much more likely "random" is than "follow the rate". */
  evidence: number;
  attempts: number;
  refused: number;
  /** Attempts that the share before was estimated from. */
  attemptsBefore: number;
  /** The rate cannot become lower, so a high share of refusals is no reason to raise it. */
  isLowest: boolean;
}

/**
 * Collects evidence about refusals. After the rate was lowered, a trial compares two explanations: the refusals stop if they follow the rate, and go on
 * with the same share if they are random. The share of random refusals is remembered, and only more refusals than that start another trial.
 */
export class Refusals {
  /** Share of the attempts that are refused at random; 0 if none are. */
  #usual = 0;
  /** Attempts that it was averaged over. */
  #averaged = 0;
  /** Whether the recent attempts were refused. */
  #recent: boolean[] = [];
  #trial: Trial | undefined;

  /** Whether a share of the attempts is refused at random. */
  get areRandom(): boolean {
    return this.#usual > 0;
  }

  /** Whether there are more refusals than usual. */
  get isUnusual(): boolean {
    const refused = count(this.#recent);
    if (this.#usual === 0) return refused > 0;
    const expected = this.#usual * this.#recent.length;
    return refused > expected + 4 * Math.sqrt(expected * (1 - this.#usual)) + 1;
  }

  /** Whether nearly all of the last attempts were refused, or as many more than usual as `isUnusual` asks for. */
  get isBlocked(): boolean {
    return this.#usual === 0 ? count(this.#recent.slice(-4)) >= 3 : this.isUnusual;
  }

  /** Whether a considerable share of the recent attempts was refused. */
  get isFrequent(): boolean {
    return count(this.#recent.slice(-16)) >= 3 && this.isUnusual;
  }

  /** Whether the share at a lower rate is being compared with the share before. */
  get isOnTrial(): boolean {
    return this.#trial !== undefined;
  }

  /** Whether refusals are so far as frequent as before, or more frequent. */
  get seemRandom(): boolean {
    return this.#trial !== undefined && this.#trial.evidence > 0;
  }

  /** Counts refusals that are scattered among successes as random without a trial. */
  acceptScattered(): void {
    const refused = count(this.#recent);
    if (this.#usual > 0 || this.#trial || this.#recent.length < recentAttempts || refused < 2) return;
    this.#averaged = recentAttempts;
    this.#usual = Math.min(highestShare, refused / recentAttempts);
  }

  /** Starts a trial, because the rate was lowered. */
  startTrial(isLowest: boolean): void {
    const high = clamp((count(this.#recent) + 0.5) / (this.#recent.length + 1), 0.03, 0.9);
    const low = Math.max(high / 8, Math.min(this.#usual, high * 0.9));
    const attemptsBefore = this.#recent.length;
    this.#trial = { high, low, evidence: 0, attempts: 0, refused: 0, attemptsBefore, isLowest };
    this.#recent = [];
  }

  /** Ends a trial without a result. */
  endTrial(): void {
    this.#trial = undefined;
  }

  /** Records an attempt at the present rate, and returns the result of the trial if it ends with it. */
  record(isRefused: boolean): TrialResult | undefined {
    this.#recent.push(isRefused);
    if (this.#recent.length > recentAttempts) this.#recent.shift();
    if (this.#usual > 0) this.#average(isRefused);
    const trial = this.#trial;
    if (!trial) return undefined;
    const { high, low } = trial;
    trial.attempts += 1;
    trial.refused += Number(isRefused);
    trial.evidence += isRefused ? Math.log(high / low) : Math.log((1 - high) / (1 - low));
    if (Math.abs(trial.evidence) < certain) return undefined;
    this.#trial = undefined;
    const share = trial.refused / trial.attempts;
    if (trial.evidence < 0 || (trial.isLowest && share > highestShare)) return "follow the rate";
    this.#averaged = trial.attempts + trial.attemptsBefore;
    this.#usual = clamp((trial.refused + high * trial.attemptsBefore) / this.#averaged, lowestShare, highestShare);
    this.#recent = [];
    return "random";
  }

  #average(isRefused: boolean): void {
    this.#averaged = Math.min(averagedAttempts, this.#averaged + 1);
    const share = this.#usual + (Number(isRefused) - this.#usual) / this.#averaged;
    this.#usual = share < lowestShare ? 0 : Math.min(highestShare, share);
  }
}

function count(values: readonly boolean[]): number {
  return values.filter(Boolean).length;
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
