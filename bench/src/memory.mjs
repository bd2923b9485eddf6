/**
 * Measures whether memory grows with the number of files: it uploads few small files and then many, each time in a process of its own,
 * to a server that discards all bodies.
 *
 *   node bench/src/memory.mjs --files 2000,200000
 */

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { makeSet } from "./data.mjs";
import { run } from "./run.mjs";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "2000,200000" },
    rounds: { type: "string", default: "1" },
  },
});
const library = new URL("../../dist/index.js", import.meta.url);
if (!existsSync(library)) throw new Error("Sluice is not built: run `npm run build` in the folder above");

const bytes = 1000;
const contender = { name: "sluice", server: "rest" };
const peaks = [];
for (const count of values.files.split(",").map(Number)) {
  const title = `${count.toLocaleString("en")} images of 1 KB`;
  const set = { title, kind: "image", count, bytes, extension: "jpg" };
  const path = makeSet(`memory-${count}`, set);
  const runs = [];
  for (let round = 0; round < Number(values.rounds); round += 1) {
    const result = await run("upload", contender, set, path);
    if (result.failed) throw new Error(`${title}: ${result.failed}`);
    runs.push(result);
  }
  const peak = Math.max(...runs.map(({ peakBytes }) => peakBytes)) / 1e6;
  const seconds = Math.min(...runs.map((result) => result.seconds));
  peaks.push(peak);
  console.log(`${title}: ${peak.toFixed(0)} MB at most  (${seconds.toFixed(1)} s, ${runs[0].requests} requests)`);
}
const growth = peaks.at(-1) - peaks[0];
const kept = peaks.every((peak) => peak < 200) && growth < 64;
console.log(`${growth.toFixed(0)} MB more for the last than for the first; aims: below 200 MB, less than 64 MB more`);
if (!kept) process.exitCode = 1;
