/**
 * Measures how fast a plan reads many small files, beside a loop that only opens each file and reads its first 4 KB.
 *
 *   node bench/src/plan.mjs --files 200000 --rounds 5
 */

import { execFileSync } from "node:child_process";
import { closeSync, existsSync, fstatSync, opendirSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeSet } from "./data.mjs";

const { values } = parseArgs({
  options: {
    files: { type: "string", default: "200000" },
    rounds: { type: "string", default: "5" },
    step: { type: "string" },
  },
});
const count = Number(values.files);
const rounds = Number(values.rounds);
if (!Number.isInteger(count) || count < 1) throw new Error(`--files ${values.files}: a number from 1 up is wanted`);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: a number from 1 up is wanted`);
const library = new URL("../../dist/index.js", import.meta.url);
if (!existsSync(library)) throw new Error("Sluice is not built: run `npm run build` in the folder above");

const set = { title: `${count} files of 1 KB`, kind: "image", count, bytes: 1000, extension: "jpg" };
const steps = { loop: readHeads, sluice: planUpload };

/** Opens every file and reads its first bytes. Returns the number of files. */
function readHeads(path) {
  const head = Buffer.alloc(4100);
  const folder = opendirSync(path);
  let read = 0;
  for (let entry = folder.readSync(); entry; entry = folder.readSync()) {
    const file = openSync(join(path, entry.name));
    fstatSync(file);
    readSync(file, head, 0, head.length, 0);
    closeSync(file);
    read += 1;
  }
  folder.closeSync();
  return read;
}

async function planUpload(path) {
  const { batch, connect, flow, folder, upload } = await import(library.href);
  const app = await connect({ baseUrl: "http://127.0.0.1:9", pat: "bench" }); // a plan sends nothing
  const { counts } = await flow(folder(path)).pipe(batch(), upload(app)).plan();
  await app.close();
  return counts.ok;
}

/** Runs a step in a process of its own. Returns the wall time of the whole process in seconds. */
function timed(step) {
  const started = performance.now();
  execFileSync(process.execPath, [fileURLToPath(import.meta.url), "--step", step, "--files", values.files], {
    stdio: "inherit",
  });
  return (performance.now() - started) / 1000;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}

const path = makeSet(`memory-${count}`, set);
if (values.step) {
  const found = await steps[values.step](path);
  if (found !== count) throw new Error(`${found} of ${count} files were read`);
} else {
  readHeads(path); // the disk is not part of the measurement
  const seconds = { loop: [], sluice: [] };
  for (let round = 0; round < rounds; round += 1)
    for (const step of Object.keys(steps)) seconds[step].push(timed(step));
  for (const [step, all] of Object.entries(seconds)) {
    const wall = median(all);
    console.log(`${step}: ${wall.toFixed(2)} s, ${Math.round(count / wall)} files a second`);
  }
}
