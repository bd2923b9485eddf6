/**
 * Runs scenarios in which workers of a stream misbehave, several times each, and compares what the store and the report of the stream have with what
 * is right. Needs `nats-server` on the PATH.
 *
 *   node bench/src/worker-scenarios.mjs names changed poison paused links kills --runs 5
 *   node bench/src/worker-scenarios.mjs poison --dist /elsewhere/dist       the same with another build
 */

import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: "string", default: "1" },
    inputs: { type: "string", default: "1500" },
    workers: { type: "string", default: "1" },
    "stopped-ms": { type: "string", default: "40000" },
    dist: { type: "string", default: new URL("../../dist/", import.meta.url).pathname },
  },
});
const dist = pathToFileURL(`${values.dist}/`);
const { startEmulator } = await import(new URL("emulator/index.js", dist));
const { publishTo, streamReport } = await import(new URL("jetstream/index.js", dist));
const { flow, folder } = await import(new URL("index.js", dist));
const command = new URL("cli/main.js", dist).pathname;
/** The folders of sounds, and how many each has. */
const sets = new Map();
const work = mkdtempSync(join(tmpdir(), "sluice-scenarios-"));
const program = join(work, "worker.mjs");
writeFileSync(
  program,
  `import { batch, connect, flow, transform, upload } from ${JSON.stringify(new URL("index.js", dist).href)};
   import { jetstream } from ${JSON.stringify(new URL("jetstream/index.js", dist).href)};
   const { stream, root, ackWaitMs, maxDeliveries, poison, slowMs = 0, conflict } = JSON.parse(process.argv[2]);
   const app = await connect();
   const source = jetstream({ stream, root, ackWaitMs, maxDeliveries, endWhenEmpty: true });
   const step = transform(async (input) => {
     if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
     if (input.metadata.filename === poison) process.kill(process.pid, "SIGKILL");
     return input;
   }, { concurrency: 8 });
   const report = await flow(source).pipe(step, batch(), upload(app, { conflict })).run();
   console.log(JSON.stringify(report.counts));`,
);

const nats = await startNats();
process.on("exit", () => {
  nats.kill();
  rmSync(work, { recursive: true, force: true });
});

const scenarios = { names, changed, poison, paused, links, kills };
let streams = 0;
for (const name of positionals.length > 0 ? positionals : Object.keys(scenarios)) {
  for (let run = 1; run <= Number(values.runs); run += 1) {
    streams += 1;
    const folder = join(work, `${name}${run}`);
    mkdirSync(folder);
    const store = await startEmulator({ data: join(folder, "store") });
    const at = { folder, store, stream: `s${streams}`, env: { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" } };
    const startedAt = performance.now();
    const { isRight, text } = await scenarios[name](at);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    console.log(`${isRight ? "right" : "WRONG"} ${name} ${run}: ${text} (${seconds} s)`);
    if (!isRight) process.exitCode = 1;
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
process.exit();

/** Two folders of one name in different places, with equal file names: each of the files has an outcome, and none replaces another. */
async function names(at) {
  const [one, other] = ["a/photos", "b/photos"].map((path) => makeSounds(join(at.folder, path), 20));
  const results = [await submit(at, one), await submit(at, other)];
  const workers = await Promise.all([startWorker(at).ended, startWorker(at).ended]);
  const { counts } = await report(at);
  const stored = storedSums(at.store);
  const isRight =
    counts.read === 40 && counts.ok === 20 && counts.failed === 20 && isSubset(stored, sumsOf(one, other));
  const byContent = { ...at, stream: `${at.stream}content` };
  for (const folder of [one, other]) await submit(byContent, folder, "--ids", "content");
  await startWorker(byContent).ended;
  const all = await report(byContent);
  const isWhole = all.counts.ok === 40 && sumsOf(one, other).every((sum) => storedSums(at.store).includes(sum));
  const codes = results.map(({ code }) => code).join(" and ");
  const text = `submits ended with ${codes}, workers with ${workers.map(({ code }) => code).join(" and ")}; ${line(counts)}`;
  return { isRight: isRight && isWhole, text: `${text}; with --ids content: ${line(all.counts)}` };
}

/** A file is submitted, changed, and submitted again within two minutes: the store has the new content. */
async function changed(at) {
  const folder = makeSounds(join(at.folder, "photos"), 20);
  await submit(at, folder);
  await startWorker(at, { conflict: "replace" }).ended;
  writeFileSync(join(folder, "7.wav"), sound());
  utimesSync(join(folder, "7.wav"), new Date(), new Date(Date.now() + 5000));
  const { output } = await submit(at, folder);
  await startWorker(at, { conflict: "replace" }).ended;
  const { counts } = await report(at);
  const isRight = isSame(storedSums(at.store), sumsOf(folder)) && counts.ok === 21 && counts.read === 21;
  return { isRight, text: `second submit: ${output.split("\n", 1)[0]}; all: ${line(counts)}` };
}

/** One input kills each worker that processes it; one or more workers are started again until the report is closed. */
async function poison(at) {
  const count = Number(values.inputs);
  const folder = makeSounds(join(at.folder, "photos"), count);
  await submit(at, folder);
  let killed = 0;
  const options = { ackWaitMs: 2000, maxDeliveries: 4, poison: `${Math.floor(count / 2)}.wav` };
  const loop = async () => {
    while (!(await report(at)).isDone) {
      const { code, signal, output } = await startWorker(at, options).ended;
      if (signal === "SIGKILL") killed += 1;
      else if (code !== 0) throw new Error(output);
    }
  };
  await Promise.all(Array.from({ length: Number(values.workers) }, loop));
  const { counts, failures } = await report(at);
  const isRight = counts.ok === count - 1 && failures.length === 1 && failures[0].code === "ERR_MAX_DELIVERIES";
  const wrong = failures.map(({ origin, code }) => `${origin.split("/").at(-1)} ${code}`);
  return { isRight, text: `${killed} workers killed; ${line(counts)}; failed: ${wrong.slice(0, 3).join(", ")}` };
}

/** A worker is stopped with inputs in progress; others finish them, and the files are removed; then it continues. */
async function paused(at) {
  const folder = makeSounds(join(at.folder, "photos"), 300);
  await submit(at, folder);
  const sleeper = startWorker(at, { slowMs: 100 });
  await until(async () => (await report(at)).counts.ok > 20);
  sleeper.child.kill("SIGSTOP");
  const stoppedAt = performance.now();
  const beforeStop = (await report(at)).counts;
  await startWorker(at).ended;
  const finished = await report(at);
  const sums = sumsOf(folder);
  const stored = storedSums(at.store);
  rmSync(folder, { recursive: true });
  await sleep(Math.max(Number(values["stopped-ms"]) - (performance.now() - stoppedAt), 0));
  sleeper.child.kill("SIGCONT");
  const { code, output } = await sleeper.ended;
  const after = await report(at);
  const isUnchanged = line(after.counts) === line(finished.counts) && isSame(storedSums(at.store), stored);
  const isRight = isUnchanged && finished.counts.ok === 300 && after.isDone && isSame(stored, sums);
  const text = `stopped with ${line(beforeStop)}; finished: ${line(finished.counts)}; after it continued: ${line(after.counts)}`;
  return { isRight, text: `${text}; it ended with ${code}: ${output.trim().slice(0, 200)}` };
}

/** Files in the root that are links to files outside it, directly and through a linked folder. */
async function links(at) {
  const root = makeSounds(join(at.folder, "root"), 3);
  const outside = makeSounds(join(at.folder, "outside"), 2);
  symlinkSync(join(outside, "0.wav"), join(root, "link.wav"));
  symlinkSync(outside, join(root, "linked"));
  symlinkSync(join(root, "0.wav"), join(root, "inside.wav"));
  const publishing = flow(folder(root, { followSymlinks: true }));
  await publishing.pipe(publishTo(at.stream, { root, servers: nats.url })).run();
  await startWorker(at, { root }).ended;
  const { counts, failures } = await report(at);
  const isRefused = failures.length === 3 && failures.every(({ code }) => code === "ERR_PATH_OUTSIDE_ROOT");
  const isRight = isRefused && storedSums(at.store).every((sum) => sumsOf(root).includes(sum));
  return { isRight, text: `${line(counts)}; ${failures.map(({ origin, code }) => `${origin} ${code}`).join(", ")}` };
}

/** A worker and the NATS server are killed in the middle. */
async function kills(at) {
  const count = Number(values.inputs);
  const folder = makeSounds(join(at.folder, "photos"), count);
  await submit(at, folder);
  const options = { ackWaitMs: 2000, slowMs: 20 };
  const workers = [startWorker(at, options), startWorker(at, options), startWorker(at, options)];
  await until(async () => (await report(at)).counts.ok > count * 0.2);
  workers[0].child.kill("SIGKILL");
  await until(async () => (await report(at)).counts.ok > count * 0.4);
  nats.kill();
  await sleep(2000);
  await nats.start();
  await Promise.all(workers.map(({ ended }) => ended));
  const closed = await report(at);
  await sleep(3000);
  const later = await report(at);
  const stored = at.store.stored();
  const twice =
    stored.filter(({ timesStored }) => timesStored > 1).length + stored.length - new Set(storedSums(at.store)).size;
  const staysClosed = closed.isDone && line(closed.counts) === line(later.counts);
  const isRight =
    isSame(storedSums(at.store), sumsOf(folder)) && twice === 0 && staysClosed && later.counts.ok === count;
  return {
    isRight,
    text: `${line(later.counts)}; in the store ${stored.length}, duplicated ${twice}, stays closed: ${staysClosed}`,
  };
}

function submit({ stream, env }, folder, ...rest) {
  return start([command, "submit", folder, "--stream", stream, ...rest], env).ended;
}

function startWorker({ stream, env }, options = {}) {
  return start([program, JSON.stringify({ stream, ...options })], env);
}

function start(args, env) {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env, NATS_URL: nats.url } });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const ended = new Promise((resolve) => child.once("close", (code, signal) => resolve({ code, signal, output })));
  return { child, ended };
}

function report({ stream }) {
  return streamReport({ stream, servers: nats.url });
}

function line({ read, ok, failed, skipped, pending, inFlight }) {
  return `read ${read} = ok ${ok} + failed ${failed} + skipped ${skipped} + pending ${pending} + in flight ${inFlight}`;
}

function makeSounds(folder, count) {
  mkdirSync(folder, { recursive: true });
  for (let n = 0; n < count; n += 1) writeFileSync(join(folder, `${n}.wav`), sound());
  sets.set(folder, count);
  return folder;
}

function sound() {
  const samples = randomBytes(500);
  const header = Buffer.from(
    "RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\0\0\0\0\0\0\0\0\x01\0\x08\0data\0\0\0\0",
    "latin1",
  );
  header.writeUInt32LE(header.length - 8 + samples.length, 4);
  header.writeUInt32LE(8000, 24);
  header.writeUInt32LE(8000, 28);
  header.writeUInt32LE(samples.length, 40);
  return Buffer.concat([header, samples]);
}

function sumsOf(...folders) {
  return folders.flatMap((folder) =>
    Array.from({ length: sets.get(folder) }, (_, n) => sha256(readFileSync(join(folder, `${n}.wav`)))),
  );
}

function storedSums(store) {
  return store.stored().map(({ sha256: sum }) => sum);
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

function isSubset(some, all) {
  return some.every((one) => all.includes(one));
}

function isSame(some, others) {
  return some.length === others.length && isSubset(some, others);
}

async function until(isTrue) {
  const giveUpAt = performance.now() + 120_000;
  while (!(await isTrue().catch(() => false))) {
    if (performance.now() > giveUpAt) throw new Error("nothing goes on");
    await sleep(100);
  }
}

async function startNats() {
  const port = await freePort();
  const started = { url: `nats://127.0.0.1:${port}`, child: undefined };
  started.start = async () => {
    const args = ["-js", "-sd", join(work, "nats"), "-a", "127.0.0.1", "-p", `${port}`];
    started.child = spawn("nats-server", args, { stdio: "pipe" });
    await new Promise((resolve, reject) => {
      started.child.once("error", reject);
      started.child.stderr.on("data", (chunk) => String(chunk).includes("Server is ready") && resolve());
    });
  };
  started.kill = () => started.child.kill("SIGKILL");
  await started.start();
  return started;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
