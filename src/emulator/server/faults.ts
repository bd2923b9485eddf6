/** Fault injection: rules that make requests and processing fail. A seed makes the failures repeatable. */

/** A failure to inject. */
export type Fault =
  /** The request is refused with HTTP 429 and the code 11005. */
  | { type: "throttle"; retryAfterSeconds?: number | undefined }
  /** The request is refused with this HTTP status and this code. */
  | { type: "status"; http: number; code: number }
  /** The connection is cut before, during or after the request. */
  | { type: "cut"; when: "before" | "during" | "after" }
  /** The request succeeds, and its answer is not JSON. */
  | { type: "garbage" }
  /** The request succeeds, and its answer is cut off. */
  | { type: "truncated" }
  /** The answer is delayed. */
  | { type: "slow"; ms: number }
  /** The answer is sent in small pieces, which take this long in total. */
  | { type: "slow-bytes"; ms: number }
  /** The request is carried out twice, as if a proxy sent it again. The second answer is sent. */
  | { type: "twice" }
  /** A POST refuses this share of its inputs, chosen by their ids. */
  | { type: "mixed"; share: number; code: number }
  /** This share of the inputs is accepted, and their processing fails: each time, or the first `times` times that the input is stored. */
  | { type: "processing"; share: number; code: number; times?: number | undefined; details?: string | undefined }
  /** This share of the inputs stays in progress for ever. */
  | { type: "stuck"; share: number }
  /**
   * The answer has a valid but unusual form: HTTP 207 for mixed results, lists in reverse order, 64-bit counts as strings, or names of status
   * codes. For "other-order", give the rule the path of a listing whose order is not documented.
   */
  | { type: "odd-answer"; how: "multi-status" | "other-order" | "counts-as-text" | "codes-as-names" }
  /** Each POST is refused, because the storage is full. */
  | { type: "storage-full" }
  | GrpcFault;

/** A failure that only calls of gRPC can have. Requests of REST do not match a rule with such a fault. */
export type GrpcFault =
  /** The call ends with this status of gRPC, and is not carried out. */
  | { type: "grpc-status"; code: number; details?: string | undefined }
  /**
   * The server closes the connection with GOAWAY. "before": the call is not carried out. "during": the connection closes with an error when the first
   * bytes of the call have arrived. "after": the call is carried out and answered.
   */
  | { type: "goaway"; when: "before" | "during" | "after" }
  /** The call is reset when this number of its bytes has arrived. Without a number, it is reset after it was carried out. */
  | { type: "reset"; afterBytes?: number | undefined }
  /** The call is reset as one that was not carried out. */
  | { type: "refused-stream" }
  /** The call is carried out, and its answer ends without a status. */
  | { type: "no-trailers" }
  /** The call is neither read nor answered: the window for its bytes never opens again. */
  | { type: "closed-window" };

/** A fault, and the requests that it happens to. */
export interface FaultRule {
  method?: string | undefined;
  /**
   * A text that the path contains, or a pattern that it matches. Over gRPC, it is compared with the path of the method, such as
   * `/clarifai.api.V2/PostInputs`, and with the path of REST that the method stands for. There, `*` stands for each id.
   */
  path?: string | RegExp | undefined;
  /** Every n-th matching request. Default: 1. */
  every?: number | undefined;
  /** Probability for each matching request, 0 to 1. Default: 1. */
  probability?: number | undefined;
  /** Maximum number of times. Default: no limit. */
  times?: number | undefined;
  fault: Fault;
}

/** Makes a generator of numbers between 0 and 1. The same seed gives the same numbers. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The active rules, which can be changed while the emulator runs. */
export class Faults {
  readonly #random: () => number;
  #rules: { rule: FaultRule; seen: number; left: number }[] = [];
  /** Number of injected faults. */
  happened = 0;
  /** Number of injected faults by type. */
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

  /**
   * Returns the faults of a request, in the order of their rules.
   *
   * @param call the path of the method, if the request came over gRPC
   */
  ofRequest(method: string, path: string, call?: string): Fault[] {
    const faults: Fault[] = [];
    for (const entry of this.#rules) {
      const { rule } = entry;
      if (entry.left <= 0 || !matches(rule, method, path, call)) continue;
      entry.seen += 1;
      if (entry.seen % (rule.every ?? 1) !== 0) continue;
      if (this.#random() >= (rule.probability ?? 1)) continue;
      entry.left -= 1;
      this.#count(rule.fault);
      faults.push(rule.fault);
    }
    return faults;
  }

  /** Returns the fault that the processing of an input has. @param timesStored how many times the input was stored, this time included */
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

/** Faults that only one of the two wires can have. */
const grpcFaults: ReadonlySet<Fault["type"]> = new Set<GrpcFault["type"]>([
  ...(["grpc-status", "goaway", "reset", "refused-stream", "no-trailers", "closed-window"] as const),
]);

function matches({ fault, ...rule }: FaultRule, method: string, path: string, call: string | undefined): boolean {
  if (fault.type === "processing" || fault.type === "stuck") return false;
  if (call === undefined ? grpcFaults.has(fault.type) : isOfRestOnly(fault)) return false;
  if (rule.method !== undefined && rule.method !== method) return false;
  return fits(rule.path, path) || (call !== undefined && fits(rule.path, call));
}

/** Whether a fault changes only how JSON or HTTP writes an answer. */
function isOfRestOnly(fault: Fault): boolean {
  return fault.type === "odd-answer" && fault.how !== "other-order";
}

function fits(pattern: string | RegExp | undefined, path: string): boolean {
  return typeof pattern === "string" ? path.includes(pattern) : (pattern?.test(path) ?? true);
}

/** Returns a number between 0 and 1 that depends only on the id. */
export function shareOf(id: string): number {
  let hash = 2_166_136_261;
  for (const character of id) hash = Math.imul(hash ^ character.charCodeAt(0), 16_777_619);
  hash = Math.imul(hash ^ (hash >>> 15), 2_246_822_507);
  return ((hash ^ (hash >>> 13)) >>> 0) / 4_294_967_296;
}
