/** The fault matrix: combines faults with verbs and kinds of content. A seed determines each scenario. */

import type { Emulator } from "../../src/emulator/index.js";
import { type Fault, type FaultRule, seededRandom } from "../../src/emulator/server/faults.js";
import type { App, InputDraft } from "../../src/index.js";
import type { GrpcFault } from "./grpc-front.js";
import { type ContentKind, contentKinds } from "./small-contents.js";

export const verbs = [
  "upload (skip)",
  "download",
  "patch (merge)",
  "patchConcepts",
  "remove",
  "removeAnnotations",
  "upload (replace)",
  "patch (overwrite)",
  "upload (suffix)",
  "patch (remove)",
  "upload (error)",
  "addToDataset",
  "removeFromDataset",
  "addAnnotations",
  "patchAnnotations",
  "concept values",
] as const;
export type Verb = (typeof verbs)[number];

/** The fault rules of a scenario, and the processing time of the server. */
export interface Trouble {
  rules: FaultRule[];
  processingDelayMs?: number;
}

type Random = () => number;

const some = (fault: Fault, probability: number, more: Partial<FaultRule> = {}): Trouble => ({
  rules: [{ probability, fault, ...more }],
});

/** The share of failing requests, from a tenth to six tenths. */
const rate = (random: Random) => 0.1 + random() * 0.5;

/** Every kind of fault that the emulator can inject. */
const troubles: Record<string, (random: Random) => Trouble> = {
  throttle: (random) => some({ type: "throttle" }, rate(random) / 2),
  "throttle with Retry-After": (random) => some({ type: "throttle", retryAfterSeconds: 1 }, rate(random), { times: 2 }),
  "HTTP 500": (random) => some({ type: "status", http: 500, code: 98004 }, rate(random)),
  "HTTP 503": (random) => some({ type: "status", http: 503, code: 99009 }, rate(random)),
  "cut before": (random) => some({ type: "cut", when: "before" }, rate(random)),
  "cut during": (random) => some({ type: "cut", when: "during" }, rate(random)),
  "cut after": (random) => some({ type: "cut", when: "after" }, rate(random)),
  unreadable: (random) => some({ type: "garbage" }, rate(random), { path: "/v2/" }),
  truncated: (random) => some({ type: "truncated" }, rate(random)),
  "late answers": (random) => some({ type: "slow", ms: 700 }, rate(random)),
  "slow bytes": (random) => some({ type: "slow-bytes", ms: 150 }, rate(random)),
  "slow processing": () => ({ rules: [], processingDelayMs: 700 }),
  "fails once in processing": (random) => some({ type: "processing", share: rate(random), code: 30002, times: 1 }, 1),
  "fails in processing": (random) => some({ type: "processing", share: rate(random), code: 30002 }, 1),
  "never processed": (random) => some({ type: "stuck", share: rate(random) }, 1),
  "items refused for now": (random) => some({ type: "mixed", share: 0.4, code: 98006 }, 0.3 + random() * 0.3),
  "items refused": () => some({ type: "mixed", share: 0.4, code: 30101 }, 1),
  "sent twice": (random) => some({ type: "twice" }, rate(random), { method: "POST" }),
  "deleted twice": (random) => some({ type: "twice" }, rate(random), { method: "DELETE" }),
  "storage full": (random) => some({ type: "storage-full" }, rate(random)),
};

export const mix = "a mix";
export const troubleNames = [...Object.keys(troubles), mix];

/** Combines two to four kinds of fault, each at half its rate. */
function mixed(random: Random): Trouble {
  const names = Object.keys(troubles);
  const count = 2 + Math.floor(random() * 3);
  const parts = Array.from({ length: count }, () => troubles[names[Math.floor(random() * names.length)] as string]);
  const chosen = parts.map((create) => (create as (random: Random) => Trouble)(random));
  return {
    rules: chosen.flatMap(({ rules }) => rules.map((rule) => ({ ...rule, probability: (rule.probability ?? 1) / 2 }))),
    processingDelayMs: Math.max(...chosen.map(({ processingDelayMs = 5 }) => processingDelayMs)),
  };
}

/** Every fault of gRPC that the emulator can inject into calls. */
const callTroubles: Record<string, (random: Random) => Trouble> = {
  "GOAWAY before a call": (random) => some({ type: "goaway", when: "before" }, rate(random)),
  "GOAWAY during a call": (random) => some({ type: "goaway", when: "during" }, rate(random)),
  "GOAWAY after a call": (random) => some({ type: "goaway", when: "after" }, rate(random)),
  "reset calls": (random) => some({ type: "reset", ...(coin(random) ? { afterBytes: 20 } : {}) }, rate(random)),
  "refused calls": (random) => some({ type: "refused-stream" }, rate(random)),
  "calls without trailers": (random) => some({ type: "no-trailers" }, rate(random)),
  "closed windows": (random) => some({ type: "closed-window" }, rate(random)),
  "failed calls": (random) => some({ type: "grpc-status", code: callStatus(random) }, rate(random)),
};
const callStatus = (random: Random) => [1, 2, 4, 8, 10, 13, 14, 15][Math.floor(random() * 8)] as number;

/** Every fault at the level of HTTP/2 and gRPC of the server before the emulator. */
const grpcTroubles: Record<string, (random: Random) => GrpcTrouble> = {
  "GOAWAY that refuses": (random) => someRpc({ type: "goaway-refused" }, rate(random)),
  "GOAWAY that finishes": (random) => someRpc({ type: "goaway-graceful" }, rate(random)),
  "GOAWAY with an error": (random) => someRpc({ type: "goaway-error", processes: coin(random) }, rate(random)),
  "RST_STREAM before": (random) => someRpc({ type: "reset", code: resetCode(random), processes: false }, rate(random)),
  "RST_STREAM after": (random) => someRpc({ type: "reset", code: resetCode(random), processes: true }, rate(random)),
  "refused streams": (random) => someRpc({ type: "refused" }, rate(random)),
  "cut connections": (random) => someRpc({ type: "cut", processes: coin(random) }, rate(random)),
  "lost trailers": (random) => someRpc({ type: "lost-trailers", withMessage: coin(random) }, rate(random)),
  "unreadable messages": (random) => someRpc({ type: "garbage" }, rate(random)),
  "windows that never open": (random) => ({ fault: () => undefined, deaf: rate(random) / 2 }),
  "slow servers": (random) => someRpc({ type: "slow", ms: 700 }, rate(random)),
  UNAVAILABLE: (random) => someRpc({ type: "status", code: 14, processes: coin(random) }, rate(random)),
  INTERNAL: (random) => someRpc({ type: "status", code: 13, processes: coin(random) }, rate(random)),
  DEADLINE_EXCEEDED: (random) => someRpc({ type: "status", code: 4, processes: coin(random) }, rate(random)),
  RESOURCE_EXHAUSTED: (random) => someRpc({ type: "status", code: 8, early: coin(random) }, rate(random) / 2),
};

/** Faults of a gRPC server: one for a request, and the share of the requests that it does not read. */
export interface GrpcTrouble {
  fault: () => GrpcFault | undefined;
  deaf?: number;
}

const someRpc = (fault: GrpcFault, probability: number): GrpcTrouble => {
  const random = seededRandom(Math.round(probability * 1e6));
  return { fault: () => (random() < probability ? fault : undefined) };
};
const coin = (random: Random) => random() < 0.5;
/** INTERNAL_ERROR, CANCEL or ENHANCE_YOUR_CALM. */
const resetCode = (random: Random) => [2, 8, 11][Math.floor(random() * 3)] as number;

const uploadVerbs = verbs.filter((verb) => verb.startsWith("upload"));
export const grpcTroubleNames = [...[grpcTroubles, callTroubles, troubles].flatMap((table) => Object.keys(table)), mix];
/** Seeds of the scenarios over gRPC begin here. */
export const firstGrpcSeed = 10_001;

export interface Scenario {
  seed: number;
  wire: "rest" | "grpc";
  verb: Verb;
  trouble: string;
  kind: ContentKind;
}

/** Returns the scenario of a seed from 1. The first scenarios combine every fault with every verb once. */
export function scenarioOf(seed: number): Scenario {
  if (seed >= firstGrpcSeed) return grpcScenarioOf(seed);
  const index = seed - 1;
  const round = Math.floor(index / (verbs.length * troubleNames.length));
  return {
    seed,
    wire: "rest",
    verb: verbs[index % verbs.length] as Verb,
    trouble: troubleNames[Math.floor(index / verbs.length) % troubleNames.length] as string,
    kind: contentKinds[(index + round) % contentKinds.length] as ContentKind,
  };
}

/** Combines every fault with every verb of uploads; the kinds of content and the seeds differ from round to round. */
function grpcScenarioOf(seed: number): Scenario {
  const index = seed - firstGrpcSeed;
  const perVerb = uploadVerbs.length;
  return {
    seed,
    wire: "grpc",
    verb: uploadVerbs[index % perVerb] as Verb,
    trouble: grpcTroubleNames[Math.floor(index / perVerb) % grpcTroubleNames.length] as string,
    kind: contentKinds[
      (index + Math.floor(index / (perVerb * grpcTroubleNames.length))) % contentKinds.length
    ] as ContentKind,
  };
}

/** Returns the faults of a server before the emulator; undefined if the emulator's own gRPC server injects the faults. */
export function grpcTroubleOf({ seed, trouble }: Scenario): GrpcTrouble | undefined {
  return grpcTroubles[trouble]?.(seededRandom(seed * 7919));
}

export function troubleOf({ seed, trouble }: Scenario): Trouble {
  if (trouble in grpcTroubles) return { rules: [] };
  const random = seededRandom(seed * 7919);
  if (trouble === mix) return mixed(random);
  return ((troubles[trouble] ?? callTroubles[trouble]) as (random: Random) => Trouble)(random);
}

export function nameOf({ seed, wire, verb, trouble, kind }: Scenario): string {
  return `${verb}${wire === "grpc" ? " over gRPC" : ""}, ${kind}, ${trouble} #${seed}`;
}

/** Number of inputs of a run. The bystanders are other stored inputs that no run may change. */
export const inputCount = 8;
export const bystanders = ["b0", "b1", "b2"];

/** A scenario with its store, its app and its inputs. */
export interface Stage {
  scenario: Scenario;
  store: Emulator;
  app: App;
  /** Folder of the files of the run; `out` is the target of a download. */
  folder: string;
  out: string;
  origin: string;
  /** The inputs of the verb; the last one of a patch does not exist. */
  inputs: InputDraft[];
  /** How often each input was stored before the faults. */
  storedBefore: Map<string, number>;
}
