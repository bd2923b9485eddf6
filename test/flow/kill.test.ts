/** Programs that are killed at random moments and started again until they finish: the result equals that of an undisturbed run. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Emulator, startEmulator } from "../../src/emulator/index.js";
import { seededRandom } from "../../src/emulator/server/faults.js";
import { batch, connect, flow, fromIterable, readJournal, transform, upload } from "../../src/index.js";
import { bundle } from "../helpers/children.js";
import { tempFolder } from "../helpers/files.js";
import type { KillChildOptions, KillVerb } from "../helpers/kill-child.js";
import { uploads } from "../helpers/kill-flows.js";
import { isLong } from "../helpers/long.js";

declare module "vitest" {
  interface TaskMeta {
    /** Number of kills; `npm run faults` prints it. */
    kills?: { verb: string; killed: number; loops: number };
  }
}

const count = 40;
/** Kills of each verb. */
const kills: Record<KillVerb, number> = isLong
  ? { upload: 200, patch: 50, remove: 50, download: 50, addToDataset: 50, removeFromDataset: 50 }
  : { upload: 2, patch: 1, remove: 1, download: 1, addToDataset: 1, removeFromDataset: 1 };
/** Number of kills before a program may finish. */
const killsInARow = isLong ? 3 : 2;
const programsAtOnce = isLong ? 4 : 1;

let store: Emulator;
const folder = tempFolder();
beforeAll(async () => {
  store = await startEmulator({ data: join(folder, "store"), processingDelayMs: 2 });
});
afterAll(() => store.close());

/** Starts the child, and kills it some milliseconds after it began; resolves with its exit code, or "killed". */
async function start(options: KillChildOptions, killAfterMs?: number): Promise<number | "killed"> {
  const child = spawn(process.execPath, [bundle("kill-child"), JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(child, "close");
  createInterface({ input: child.stdout }).once("line", () => {
    if (killAfterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), killAfterMs);
  });
  const [code] = await closed;
  return (code as number | null) ?? "killed";
}

/** The final state of the store and of the download folder. */
async function endOf({ appId, out, verb }: KillChildOptions) {
  const app = await connect({ baseUrl: store.url, pat: "any", appId });
  const annotations = await app.listAnnotations({ perPage: 1000 });
  const datasets = await app.listDatasets();
  const members = datasets.map(async ({ id }) => {
    const inputs = await app.listDatasetInputs(id, { perPage: 1000 });
    return [id, inputs.map((input) => input.id).sort()];
  });
  const membership = await Promise.all(members);
  await app.close();
  const files = existsSync(out) ? readdirSync(out).sort() : [];
  const lines =
    verb === "download" ? readFileSync(join(out, "manifest.jsonl"), "utf8").split("\n").filter(Boolean) : [];
  return {
    stored: store.stored("me", appId),
    membership: membership.sort(),
    annotations: annotations
      .filter(({ inputLevel }) => !inputLevel)
      .map(({ inputId, id }) => `${inputId} ${id}`)
      .sort(),
    deleted: store.deleted("me", appId).length,
    files: files
      .filter((name) => name !== "manifest.jsonl")
      .map((name) => [name, readFileSync(join(out, name), "base64")]),
    // Each program has its own inputs, which were created at another time.
    lines: [...new Set(lines.map((line) => line.replace(/,"(createdAt|modifiedAt)":"[^"]*"/g, "")))].sort(),
  };
}

function optionsOf(verb: KillVerb, name: string): KillChildOptions {
  const path = join(folder, `${verb}-${name}`);
  mkdirSync(path);
  return {
    url: store.url,
    appId: `${verb}-${name}`,
    verb,
    count,
    journal: join(path, "a.journal"),
    out: join(path, "out"),
  };
}

/** An undisturbed upload creates the inputs for verbs that need existing ones. */
async function prepared(verb: KillVerb, name: string): Promise<KillChildOptions> {
  const options = optionsOf(verb, name);
  if (verb === "upload") return options;
  const app = await connect({ baseUrl: store.url, pat: "any", appId: options.appId });
  const report = await flow(fromIterable(uploads(count)))
    .pipe(
      transform((input) => ({ ...input, datasets: ["old"] })),
      batch(),
      upload(app),
    )
    .run();
  await app.close();
  expect(report.counts.ok).toBe(count);
  return options;
}

describe("a program that is killed and started again", () => {
  it.for(Object.entries(kills) as [KillVerb, number][])(
    "has the same result as an undisturbed run: %s, with %d kills",
    { timeout: 1_200_000 },
    async ([verb, wanted], { task }) => {
      const undisturbed = await prepared(verb, "undisturbed");
      expect(await start(undisturbed)).toBe(0);
      const { stored, ...expected } = await endOf(undisturbed);
      let killed = 0;
      let loops = 0;
      const worker = async () => {
        while (killed < wanted) {
          loops += 1;
          const seed = loops;
          const random = seededRandom(seed);
          const options = await prepared(verb, `killed-${seed}`);
          let code: number | "killed" = "killed";
          for (let tries = 1; code === "killed"; tries += 1) {
            code = await start(options, tries <= killsInARow ? random() ** 2 * 250 : undefined);
            if (code === "killed") killed += 1;
          }
          expect(code, `loop ${seed}`).toBe(0);
          const { stored: found, ...end } = await endOf(options);
          const facts = (inputs: typeof found) =>
            inputs.map((input) => input).sort((one, other) => (one.id < other.id ? -1 : 1));
          expect(facts(found), `loop ${seed}`).toEqual(facts(stored));
          expect(end, `loop ${seed}`).toEqual(expected);
          const done = new Set<string>();
          for await (const { id = "", state } of readJournal(options.journal)) if (state !== "failed") done.add(id);
          expect(done.size, `loop ${seed}`).toBe(count);
        }
      };
      await Promise.all(Array.from({ length: programsAtOnce }, worker));
      task.meta.kills = { verb, killed, loops };
      expect(killed).toBeGreaterThanOrEqual(wanted);
    },
  );
});
