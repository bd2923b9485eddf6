/**
 * Measures uploads into the emulator: inputs a second, and CPU time and peak memory of client and emulator. Each run has new processes and an empty
 * data folder. With several builds, their runs alternate.
 *
 *   node bench/src/emulator.mjs --texts 100000 --images 10000 --rounds 5 --dist dist,/tmp/before/dist
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { makeSet } from "./data.mjs";
import { makeImages } from "./images.mjs";

const { values } = parseArgs({
  options: {
    texts: { type: "string", default: "100000" },
    images: { type: "string", default: "10000" },
    bytes: { type: "string", default: "20000" },
    modes: { type: "string", default: "embedded,separate" },
    rounds: { type: "string", default: "5" },
    dist: { type: "string", default: fileURLToPath(new URL("../../dist", import.meta.url)) },
    profile: { type: "string" },
    part: { type: "string" },
    path: { type: "string" },
    data: { type: "string" },
    server: { type: "string" },
  },
});
const stores = join(tmpdir(), "sluice-bench", "emulator-stores");

if (values.part === "upload") await upload();
else if (values.part === "serve") await serve();
else await measureAll();

async function measureAll() {
  const builds = values.dist.split(",").map((folder) => resolve(folder));
  for (const build of builds)
    if (!existsSync(join(build, "index.js"))) throw new Error(`${build}: Sluice is not built`);
  const modes = values.modes.split(",");
  const unknown = modes.find((mode) => !["embedded", "separate"].includes(mode));
  if (unknown !== undefined) throw new Error(`--modes ${unknown}: known are embedded, separate`);
  rmSync(stores, { recursive: true, force: true });
  mkdirSync(stores, { recursive: true });
  console.log(
    "| set | emulator | build | inputs/s | wall s | CPU s client + emulator | peak RSS MB client, emulator |",
  );
  console.log("| --- | --- | --- | ---: | ---: | ---: | ---: |");
  for (const set of wantedSets()) {
    const path =
      set.kind === "text" ? makeSet(`emulator-texts-${set.count}`, set) : await makeImages(set.count, set.bytes);
    readOnce(path);
    for (const mode of modes) {
      const runs = builds.map(() => []);
      for (let round = 0; round < Number(values.rounds); round += 1) {
        for (const [index, build] of builds.entries()) runs[index].push(await run(build, mode, path, set));
      }
      for (const [index, build] of builds.entries()) print(set, mode, build, runs[index]);
    }
  }
  rmSync(stores, { recursive: true, force: true });
}

function wantedSets() {
  const texts = Number(values.texts);
  const images = Number(values.images);
  const bytes = Number(values.bytes);
  const title = `${images.toLocaleString("en")} images of ${(bytes / 1000).toLocaleString("en")} KB`;
  return [
    { title: `${texts.toLocaleString("en")} rows of text`, kind: "text", count: texts, extension: "csv" },
    { title, kind: "image", count: images, bytes, extension: "jpg" },
  ].filter(({ count }) => count > 0);
}

/**
 * Uploads a set once. In the mode "embedded", client and emulator are one process, and `client` has the figures of both. The data folders of all runs are
 * deleted in the end, because ext4 creates files slowly for minutes after it deleted many.
 */
async function run(build, mode, path, { count }) {
  const data = mkdtempSync(join(stores, "run-"));
  const emulator = mode === "separate" ? start({ part: "serve", dist: build, data }) : undefined;
  const server = emulator && (await message(emulator)).url;
  const client = start({ part: "upload", dist: build, path, data, server });
  const result = { client: await message(client) };
  client.disconnect();
  await once(client, "exit");
  if (emulator) {
    emulator.send("usage");
    result.emulator = await message(emulator);
    emulator.disconnect();
    await once(emulator, "exit");
  }
  const stored = await processedInputs(build, data);
  if (stored !== count) throw new Error(`${stored} of ${count} inputs are stored and processed`);
  return result;
}

function start(options) {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return fork(
    fileURLToPath(import.meta.url),
    given.map(([name, value]) => `--${name}=${value}`),
    { execArgv: values.profile ? ["--cpu-prof", `--cpu-prof-dir=${values.profile}`] : [] },
  );
}

async function message(child) {
  const ended = once(child, "exit").then(([code, signal]) => {
    throw new Error(`a process of the bench ended with ${signal ?? `exit code ${code}`}`);
  });
  const [value] = await Promise.race([once(child, "message"), ended]);
  return value;
}

async function processedInputs(build, data) {
  const { startEmulator } = await import(pathToFileURL(join(build, "emulator/index.js")).href);
  const emulator = await startEmulator({ data });
  const processed = emulator.stored().filter(({ statusCode }) => statusCode === 30000).length;
  await emulator.close();
  return processed;
}

async function upload() {
  const { batch, connect, csv, flow, folder, upload } = await import(pathToFileURL(join(values.dist, "index.js")).href);
  const started = performance.now();
  const before = cpuSeconds();
  const target = values.server ? { baseUrl: values.server, pat: "bench" } : { data: values.data };
  const app = await connect({ ...target, announce: false });
  const source = values.path.endsWith(".csv") ? csv(values.path) : folder(values.path);
  const report = await flow(source).pipe(batch(), upload(app)).run();
  const seconds = (performance.now() - started) / 1000;
  const used = usage(before);
  await app.close();
  if (!report.ok) throw new Error(report.summary());
  process.send({ seconds, ...used, requests: report.traffic.requests });
}

async function serve() {
  const { startEmulator } = await import(pathToFileURL(join(values.dist, "emulator/index.js")).href);
  const emulator = await startEmulator({ data: values.data });
  const before = cpuSeconds();
  process.on("message", () => process.send(usage(before)));
  process.once("disconnect", () => emulator.close());
  process.send({ url: emulator.url });
}

function cpuSeconds() {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return (userCPUTime + systemCPUTime) / 1e6;
}

function usage(cpuBefore) {
  return { cpuSeconds: cpuSeconds() - cpuBefore, peakBytes: process.resourceUsage().maxRSS * 1024 };
}

/** Reads the files into the cache of the system, so that the disk is not part of the measurement. */
function readOnce(path) {
  const paths = statSync(path).isFile() ? [path] : readdirSync(path).map((name) => join(path, name));
  for (const one of paths) readFileSync(one);
}

function print({ title, count }, mode, build, runs) {
  const seconds = median(runs.map(({ client }) => client.seconds));
  const parts = mode === "separate" ? ["client", "emulator"] : ["client"];
  const columnOf = (figureOf) => parts.map((part) => median(runs.map((one) => figureOf(one[part]))));
  const cpu = columnOf(({ cpuSeconds }) => cpuSeconds).map((value) => value.toFixed(2));
  const peak = columnOf(({ peakBytes }) => peakBytes / 1e6).map((value) => value.toFixed(0));
  const cells = [title, mode, build, Math.round(count / seconds), seconds.toFixed(2), cpu.join(" + "), peak.join(", ")];
  console.log(`| ${cells.join(" | ")} |`);
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2;
}
