import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import sharp from "sharp";
import { expect, it, onTestFinished } from "vitest";
import { type App, batch, flow, fromIterable, upload } from "../src/index.js";
import { snapshotOf } from "./helpers/app-snapshot.js";
import { bundle } from "./helpers/children.js";
import { isLong } from "./helpers/long.js";
import { openStore, temporaryFolder } from "./helpers/store.js";
import type { UndoChildOptions } from "./helpers/undo-child.js";
import { type ChangeVerb, changeVerbs, inputsToChange } from "./helpers/undo-flows.js";

const count = 40;
/** Kills of the run, and of its undo, for each verb. */
const kills = isLong ? 20 : 1;
const verbs: readonly ChangeVerb[] = isLong ? changeVerbs : ["replace", "remove"];

const picture = (shade: number) =>
  sharp({ create: { width: 8, height: 8, channels: 3, background: { r: shade, g: 20, b: 30 } } })
    .png()
    .toBuffer();

/** Starts the child, and kills it `afterMs` after its undo file exists. Resolves with its last line, or undefined if it was killed. */
async function child(options: UndoChildOptions, afterMs?: number): Promise<string | undefined> {
  const started = spawn(process.execPath, [bundle("undo-child"), JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void started.kill("SIGKILL"));
  let output = "";
  let isOpen = true;
  started.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = once(started, "close").finally(() => {
    isOpen = false;
  });
  if (afterMs !== undefined) {
    while (isOpen && !(output.startsWith("ready") && existsSync(options.path))) await wait(2);
    await Promise.race([wait(afterMs), ended]);
    started.kill("SIGKILL");
  }
  const [, signal] = await ended;
  return signal === null ? output.split("\n").at(-2) : undefined;
}

async function filledApp(): Promise<{ app: App; url: string }> {
  const { app, store } = await openStore({ deleteDelayMs: 1 });
  await app.postDatasets(["train", "best", "test"].map((id) => ({ id })));
  const inputs = inputsToChange(count, await Promise.all([0, 80, 160].map(picture)));
  const report = await flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
  expect(report.counts.ok).toBe(count);
  return { app, url: store.url };
}

for (const verb of verbs) {
  it(`restores a run that was killed, by an undo that was killed: ${verb}`, async () => {
    const { app, url } = await filledApp();
    const options = { url, count };
    const before = await snapshotOf(app);
    const folder = temporaryFolder();
    for (let round = 0; round <= kills; round += 1) {
      const path = join(folder, `${round}.undo`);
      const afterMs = round === kills ? undefined : (round * 97) % 400; // the last run is not killed
      await child({ ...options, verb, path }, afterMs);
      if (afterMs === undefined) expect(await snapshotOf(app)).not.toEqual(before);
      await child({ ...options, verb: "undo", path }, 10 + ((round * 61) % 300));
      const last = await child({ ...options, verb: "undo", path });
      expect(last).toMatch(/"failed":0,"skipped":\d+,"pending":0/);
      const after = await snapshotOf(app);
      // Concepts that a run added to the app stay.
      after.concepts = Object.fromEntries(
        Object.entries(after.concepts as object).filter(([id]) => id in (before.concepts as object)),
      );
      expect(after, `round ${round}: killed after ${afterMs} ms`).toEqual(before);
    }
  }, 600_000);
}
