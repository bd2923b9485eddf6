/** Faults: bad days on demand, to rehearse them. */

/** What goes wrong. */
export type Fault =
  /** 429 with 11005. */
  | { type: "throttle"; retryAfterSeconds?: number | undefined }
  /** Any HTTP status with any code. */
  | { type: "status"; http: number; code: number }
  /** The connection is cut before, while, or after the request is carried out. */
  | { type: "cut"; when: "before" | "during" | "after" }
  /** The request is carried out, and its answer cannot be read, or breaks off. */
  | { type: "garbage" }
  | { type: "truncated" }
  /** The answer comes late. */
  | { type: "slow"; ms: number }
  /** The answer comes in small pieces, which take this long together. */
  | { type: "slow-bytes"; ms: number }
  /** The request is carried out twice, as by a proxy that sends it again, and the second answer is sent. */
  | { type: "twice" }
  /** Some inputs of a POST are refused. */
  | { type: "mixed"; share: number; code: number }
  /** Some inputs are accepted and fail later, the first `times` times that they are stored. */
  | { type: "processing"; share: number; code: number; times?: number | undefined; details?: string | undefined }
  /** Some inputs stay in progress for ever. */
  | { type: "stuck"; share: number }
  /**
   * The answer has a form that is allowed and not usual: 207 for mixed results, lists in another order (where none is promised: give the rule
   * the path of the listing), 64-bit counts as texts, names for status codes.
   */
  | { type: "odd-answer"; how: "multi-status" | "other-order" | "counts-as-text" | "codes-as-names" }
  /** Nothing can be stored. */
  | { type: "storage-full" };

/** When a fault happens: which requests, how often, and how many times in all. */
export interface FaultRule {
  method?: string | undefined;
  /** Text or pattern that the path contains. */
  path?: string | RegExp | undefined;
  /** Every n-th matching request. Default: 1. */
  every?: number | undefined;
  /** Chance of each matching request, 0 to 1. Default: 1. */
  probability?: number | undefined;
  /** Most times that it happens. Default: no end. */
  times?: number | undefined;
  fault: Fault;
}

/** Draws numbers that are the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The rules in force. */
export class Faults {
  readonly #random: () => number;
  #rules: { rule: FaultRule; seen: number; left: number }[] = [];
  /** Faults that happened, in all and by type. */
  happened = 0;
  readonly happenedByType: Partial<Record<Fault["type"], number>> = {};

  constructor(rules: readonly FaultRule[] = [], seed = 1) {
    this.#random = seededRandom(seed);
    for (const rule of rules) this.add(rule);
  }

  add(rule: FaultRule): void {
    this.#rules.push({ rule, seen: 0, left: rule.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#rules = [];
  }

  /** The faults of a request, in the order in which their rules were added. */
  of(method: string, path: string): Fault[] {
    const found: Fault[] = [];
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (entry.left <= 0 || rule.fault.type === "processing" || rule.fault.type === "stuck") continue;
      if (rule.method !== undefined && rule.method !== method) continue;
      if (typeof rule.path === "string" ? !path.includes(rule.path) : rule.path && !rule.path.test(path)) continue;
      entry.seen += 1;
      if (entry.seen % (rule.every ?? 1) !== 0) continue;
      if (this.#random() >= (rule.probability ?? 1)) continue;
      entry.left -= 1;
      this.#count(rule.fault);
      found.push(rule.fault);
    }
    return found;
  }

  /** The fault of processing an input that is stored for the n-th time; "stuck" is one that never ends. */
  ofProcessing(id: string, timesStored: number): { code: number; details: string } | "stuck" | undefined {
    for (const { rule } of this.#rules) {
      const { fault } = rule;
      if (fault.type !== "processing" && fault.type !== "stuck") continue;
      if (shareOf(id) >= fault.share) continue;
      if (fault.type === "processing" && timesStored > (fault.times ?? Number.POSITIVE_INFINITY)) continue;
      this.#count(fault);
      return fault.type === "stuck" ? "stuck" : { code: fault.code, details: fault.details ?? "injected" };
    }
    return undefined;
  }

  #count({ type }: Fault): void {
    this.happened += 1;
    this.happenedByType[type] = (this.happenedByType[type] ?? 0) + 1;
  }
}

/** A number between 0 and 1 that is the same for the same id. */
export function shareOf(id: string): number {
  let hash = 2_166_136_261;
  for (const character of id) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_507);
  return ((hash ^ (hash >>> 13)) >>> 0) / 4_294_967_296;
}
