/** The fault matrix: combines faults with verbs and kinds of content. A seed determines each scenario. */

import type { Emulator } from "../../src/emulator/index.js";
import { type Fault, type FaultRule, seededRandom } from "../../src/emulator/server/faults.js";
import type { App, InputDraft } from "../../src/index.js";
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

export interface Scenario {
  seed: number;
  verb: Verb;
  trouble: string;
  kind: ContentKind;
}

/** Returns the scenario of a seed from 1. The first scenarios combine every fault with every verb once. */
export function scenarioOf(seed: number): Scenario {
  const index = seed - 1;
  const round = Math.floor(index / (verbs.length * troubleNames.length));
  return {
    seed,
    verb: verbs[index % verbs.length] as Verb,
    trouble: troubleNames[Math.floor(index / verbs.length) % troubleNames.length] as string,
    kind: contentKinds[(index + round) % contentKinds.length] as ContentKind,
  };
}

export function troubleOf({ seed, trouble }: Scenario): Trouble {
  const random = seededRandom(seed * 7919);
  return trouble === mix ? mixed(random) : (troubles[trouble] as (random: Random) => Trouble)(random);
}

export function nameOf({ seed, verb, trouble, kind }: Scenario): string {
  return `${verb}, ${kind}, ${trouble} #${seed}`;
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
