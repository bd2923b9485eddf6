/**
 * Every fault with every verb, checked against the records of the store: nothing is lost, duplicated, corrupted, or deleted without a request.
 *
 * `FAULTS=17 npx vitest run test/flow/fault-matrix.test.ts` runs only number 17, and `FAULTS=1-400` a part of the long form. Uploads over gRPC begin at
 * 10001.
 */

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FaultRun, runScenario } from "../helpers/fault-run.js";
import {
  firstGrpcSeed,
  grpcTroubleNames,
  nameOf,
  type Scenario,
  scenarioOf,
  troubleNames,
  verbs,
} from "../helpers/fault-scenarios.js";
import { isLong } from "../helpers/long.js";
import { serveContents } from "../helpers/small-contents.js";

const perRound = verbs.length * troubleNames.length;
const longCount = 6 * perRound;
const grpcCount = 3 * 4 * grpcTroubleNames.length;
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n);
/** The short form: each fault with one verb, and each verb with several faults. */
const everyDay = troubleNames.map((_, n) => n * verbs.length + ((n * 3) % verbs.length) + 1);
/** Over gRPC, each fault with one verb. */
const grpcEveryDay = grpcTroubleNames.map((_, n) => firstGrpcSeed + 4 * n + (n % 4));
const seeds = chosenSeeds();

function chosenSeeds(): number[] {
  if (process.env.FAULTS !== undefined) {
    const [from = 1, to = from] = process.env.FAULTS.split("-").map(Number);
    return range(from, to);
  }
  if (!isLong) return [...everyDay, ...grpcEveryDay];
  return [...range(1, longCount), ...range(firstGrpcSeed, firstGrpcSeed + grpcCount - 1)];
}

const scenarios = seeds.map(scenarioOf);
/** Parallel runs, since a run mostly waits. */
const runsAtOnce = isLong ? 40 : 24;

declare module "vitest" {
  interface TaskMeta {
    /** The result of a run of the matrix; `npm run faults` adds up the results. */
    faultRun?: FaultRun;
  }
}

const results = new Map<Scenario, Promise<FaultRun>>();
let contents: Awaited<ReturnType<typeof serveContents>>;

beforeAll(async () => {
  contents = await serveContents();
  const begun = scenarios.map((scenario) => {
    let begin = () => {};
    const result = new Promise<void>((resolve) => (begin = resolve)).then(() => runScenario(scenario, contents.origin));
    result.catch(() => undefined);
    results.set(scenario, result);
    return { begin, result };
  });
  const worker = async () => {
    for (let next = begun.shift(); next; next = begun.shift()) {
      next.begin();
      await next.result.catch(() => undefined);
    }
  };
  for (let n = 0; n < runsAtOnce; n += 1) void worker();
});
afterAll(() => void contents.server.close());

const nothing = { lost: [], duplicated: [], corrupted: [], deleted: [], wrong: [] };

describe("a run with injected faults", () => {
  it.for(scenarios.map((scenario) => [nameOf(scenario), scenario] as const))(
    "%s",
    { timeout: 600_000 },
    async ([, scenario], { task }) => {
      const run = (await results.get(scenario)) as FaultRun;
      task.meta.faultRun = run;
      const { lost, duplicated, corrupted, deleted, wrong } = run;
      expect({ lost, duplicated, corrupted, deleted, wrong }).toEqual(nothing);
    },
  );
});
