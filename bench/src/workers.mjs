/**
 * Simulates many machines on one: workers take file references from a stream of NATS JetStream and upload the files to an emulator.
 * Needs `nats-server` on the PATH.
 *
 *   node bench/src/workers.mjs rate                   four workers, one killed midway, one added late, at 15 requests a second
 *   node bench/src/workers.mjs rate --restart         the same, and the NATS server is also killed midway and restarted
 *   node bench/src/workers.mjs throughput             one worker, two workers, and the same flow without NATS; the server discards everything and has no rate limit
 */

import { fork, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { makeSet } from "./data.mjs";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    inputs: { type: "string", default: "50000" },
    bytes: { type: "string", default: "1000" },
    rate: { type: "string", default: "15" },
    restart: { type: "boolean", default: false },
    rounds: { type: "string", default: "3" },
  },
});
const dist = new URL("../../dist/", import.meta.url);
if (!existsSync(dist)) throw new Error("Sluice is not built: run `npm run build` in the folder above");
const { startEmulator } = await import(new URL("emulator/index.js", dist));
const { streamReport } = await import(new URL("jetstream/index.js", dist));
const command = new URL("cli/main.js", dist).pathname;

const count = Number(values.inputs);
const bytes = Number(values.bytes);
const title = `${count} sounds of ${bytes} bytes`;
const sounds = makeSet(`workers-${count}-${bytes}`, { title, kind: "audio", count, bytes, extension: "wav" });
const folder = mkdtempSync(join(tmpdir(), "sluice-workers-"));
const pipeline = join(folder, "pipeline.mjs");
const library = new URL("index.js", dist).href;
const sends = join(folder, "sends.txt");
// Each worker records when it sends, because a busy emulator receives the requests of a moment as one burst.
writeFileSync(
  pipeline,
  `import { appendFileSync } from "node:fs";
   import { channel } from "node:diagnostics_channel";
   import { batch, connect, flow, upload } from "${library}";
   channel("undici:client:sendHeaders").subscribe(() => appendFileSync("${sends}", Date.now() + "\\n"));
   const requestsPerSecond = Number(process.env.RATE) || undefined;
   const app = await connect({ requestsPerSecond });
   export default (source) => flow(source).pipe(batch(), upload(app));`,
);
const nats = await startNatsServer();
process.on("exit", () => {
  nats.kill();
  rmSync(folder, { recursive: true, force: true });
});
if (positionals[0] === "throughput") await throughput();
else await rate();
process.exit();

/** Four workers, of which one is killed. The emulator's records and the requests that it received give all counts. */
async function rate() {
  const perSecond = Number(values.rate);
  const store = await startEmulator({ data: join(folder, "store"), requestsPerSecond: perSecond });
  const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any", RATE: String(perSecond) };
  const submitted = run(["submit", sounds, "--stream", "sounds"], env);
  await submitted.ended;
  console.log(`submitted: ${submitted.output().trim()}`);
  const work = () => run(["work", pipeline, "--stream", "sounds", "--end-when-empty", "--json"], env);
  const workers = [work(), work(), work(), work()];
  const stand = () => streamReport({ stream: "sounds", servers: nats.url, maxKept: 0 }).then(({ counts }) => counts);
  await until(async () => (await stand()).ok > count * 0.3);
  workers[0].child.kill("SIGKILL");
  console.log(`one of four workers is killed: ${text(await stand())}`);
  if (values.restart) {
    await until(async () => (await stand()).ok > count * 0.4);
    nats.kill();
    await sleep(3000);
    await nats.start();
    console.log(`the NATS server was killed, and runs again after 3 s`);
  }
  await until(async () => (await stand()).ok > count * 0.6);
  workers.push(work());
  console.log(`one comes late: ${text(await stand())}`);
  await Promise.all(workers.map(({ ended }) => ended));
  const { counts, isDone } = await streamReport({ stream: "sounds", servers: nats.url });
  console.log(`report: ${text(counts)}, all done: ${isDone}`);

  const files = new Set(
    readdirSync(sounds, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => sha256(join(entry.parentPath, entry.name))),
  );
  const stored = store.stored();
  const right = new Set(stored.map((input) => input.sha256).filter((sum) => files.has(sum)));
  const twice = stored.filter(({ timesStored }) => timesStored > 1).length + stored.length - right.size;
  console.log(`files ${files.size}, in the store ${right.size}, lost ${files.size - right.size}, doubled ${twice}`);
  const sent = readFileSync(sends, "utf8")
    .trim()
    .split("\n")
    .map(Number)
    .sort((one, other) => one - other);
  const within = (from, to) => sent.filter((at) => at >= from && at < to).length;
  const [first, last] = [sent[0], sent.at(-1)];
  const seconds = (last - first) / 1000;
  const most = (ms) => Math.max(...sent.map((at) => within(at, at + ms)));
  // At the end, while the run waits for the inputs of the killed worker, the workers send less than the rate limit allows.
  const perSecondOf = (ms) => (most(ms) / (ms / 1000)).toFixed(2);
  console.log(
    `requests ${sent.length} in ${seconds.toFixed(1)} s; ${perSecondOf(20_000)} a second in the busiest 20 s, ` +
      `${perSecondOf(5000)} in the busiest 5 s, at most ${most(1000)} in any second; granted ${perSecond}`,
  );
  const throttled = workers.map((worker) => worker.report()?.traffic?.throttled ?? 0).reduce((sum, n) => sum + n, 0);
  console.log(`throttled: ${throttled}`);
  await store.close();
  if (right.size !== files.size || twice > 0 || !isDone) process.exitCode = 1;
}

/** Measures the time from the start of the workers to the end of the last one. A worker needs a second to find that the stream is empty. */
async function throughput() {
  const kinds = { "without NATS": 0, "one worker": 1, "two workers": 2 };
  const times = Object.fromEntries(Object.keys(kinds).map((name) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [name, workers] of Object.entries(kinds)) {
      const stream = `t${round}-${workers}`;
      const server = fork(new URL("servers/rest.mjs", import.meta.url), { execArgv: [] });
      const [{ port }] = await once(server, "message");
      const env = { CLARIFAI_API_BASE: `http://127.0.0.1:${port}`, CLARIFAI_PAT: "any" };
      if (workers > 0) await run(["submit", sounds, "--stream", stream], env).ended;
      const startedAt = performance.now();
      const args =
        workers === 0 ? ["run", pipeline, sounds] : ["work", pipeline, "--stream", stream, "--end-when-empty"];
      await Promise.all(Array.from({ length: Math.max(workers, 1) }, () => run(args, env).ended));
      times[name].push((performance.now() - startedAt) / 1000);
      server.disconnect();
    }
  }
  const median = (list) => list.toSorted((one, other) => one - other)[Math.floor(list.length / 2)];
  for (const [name, list] of Object.entries(times)) {
    const all = list.map((seconds) => seconds.toFixed(1)).join(", ");
    console.log(`${name}: ${median(list).toFixed(2)} s (${all}), ${Math.round(count / median(list))} inputs a second`);
  }
  const [without, one, two] = Object.values(times).map(median);
  console.log(`one worker / without NATS: ${(one / without).toFixed(2)}; one worker / two: ${(one / two).toFixed(2)}`);
}

async function startNatsServer() {
  const port = await freePort();
  const data = join(folder, "nats");
  const started = { url: `nats://127.0.0.1:${port}`, child: undefined };
  started.start = async () => {
    started.child = spawn("nats-server", ["-js", "-sd", data, "-a", "127.0.0.1", "-p", String(port)], {
      stdio: "pipe",
    });
    await new Promise((resolve, reject) => {
      started.child.once("error", reject);
      started.child.stderr.on("data", (chunk) => String(chunk).includes("Server is ready") && resolve());
    });
  };
  started.kill = () => started.child.kill("SIGKILL");
  await started.start();
  return started;
}

function run(args, env) {
  const child = spawn(process.execPath, [command, ...args], { env: { ...process.env, ...env, NATS_URL: nats.url } });
  let out = "";
  let lines = "";
  child.stdout.on("data", (chunk) => (out += chunk));
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (lines += chunk));
  const ended = new Promise((resolve) => child.once("close", resolve));
  child.once("close", (code) => code > 0 && console.error(lines));
  return {
    child,
    ended,
    output: () => out,
    report: () => (child.signalCode ? undefined : JSON.parse(out)),
  };
}

async function until(isTrue) {
  const giveUpAt = performance.now() + 300_000;
  while (!(await isTrue().catch(() => false))) {
    if (performance.now() > giveUpAt) throw new Error("nothing goes on");
    await sleep(200);
  }
}

function text({ read, ok, failed, skipped, pending, inFlight }) {
  return `read ${read} = ok ${ok} + failed ${failed} + skipped ${skipped} + pending ${pending} + in flight ${inFlight}`;
}

function sha256(path) {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
