/**
 * Measures the journal: how fast it records outcomes, the time and memory to load a million of them, and the time of a second run of a
 * finished upload, with the journal and with lookups on the server.
 *
 *   node bench/src/journal.mjs --inputs 1000000 --files 100000
 */

import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeSet } from "./data.mjs";

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "1000000" },
    files: { type: "string", default: "100000" },
    step: { type: "string" },
    server: { type: "string" },
  },
});
const work = join(tmpdir(), "sluice-bench", "journal");
const journal = join(work, "values.journal");
const filesJournal = join(work, "files.journal");
const files = join(tmpdir(), "sluice-bench", `journal-${values.files}`);

const steps = {
  async keep({ flow, values: inputs }) {
    await timed(async () => {
      const { counts } = await flow(inputs(numbered(Number(values.inputs)))).run({ journal });
      return `${counts.ok} outcomes`;
    });
  },
  async load({ flow, values: inputs }) {
    const before = process.resourceUsage().maxRSS;
    await timed(async () => {
      await flow(inputs([])).run({ journal });
      return `${Math.round(statSync(journal).size / 1e6)} MB`;
    });
    return { growthMB: (process.resourceUsage().maxRSS - before) / 1024 };
  },
  first: (sluice) => uploadFiles(sluice, { journal: filesJournal }),
  again: (sluice) => uploadFiles(sluice, { journal: filesJournal }),
  server: (sluice) => uploadFiles(sluice, {}, { resume: "server" }),
};

async function uploadFiles({ batch, connect, flow, folder, upload }, options, uploadOptions) {
  const app = await connect({ baseUrl: values.server, pat: "bench" });
  await timed(async () => {
    const { counts, traffic } = await flow(folder(files)).pipe(batch(), upload(app, uploadOptions)).run(options);
    const { ok, skipped } = counts;
    return `ok ${ok}, skipped ${skipped}; ${traffic.requests} requests, ${Math.round(traffic.bytesSent / 1e6)} MB sent`;
  });
  await app.close();
}

async function timed(work) {
  const started = performance.now();
  const text = await work();
  measured = { seconds: (performance.now() - started) / 1000, text };
}

let measured;
const library = new URL("../../dist/index.js", import.meta.url);
if (!existsSync(library)) throw new Error("Sluice is not built: run `npm run build` in the folder above");
if (values.step) {
  const more = await steps[values.step](await import(library.href));
  process.send({ ...measured, ...more });
} else await measureAll();

async function measureAll() {
  mkdirSync(work, { recursive: true });
  rmSync(journal, { force: true });
  print(`keep ${values.inputs} outcomes`, await inChild("keep"));
  print("load them again", await inChild("load"));
  if (Number(values.files) === 0) return;

  makeSet(`journal-${values.files}`, audioFiles(Number(values.files)));
  const discarding = fork(fileURLToPath(new URL("servers/rest.mjs", import.meta.url)));
  const [{ port }] = await once(discarding, "message");
  await measureFiles("a server that discards everything", `http://127.0.0.1:${port}`, ["again"]);
  discarding.disconnect();
  const { startEmulator } = await import(new URL("../../dist/emulator/index.js", import.meta.url).href);
  const store = await startEmulator();
  await measureFiles("the emulator", store.url, ["again", "server"]);
  await store.close();
}

async function measureFiles(title, server, stepsAfter) {
  rmSync(filesJournal, { force: true });
  const first = await inChild("first", server);
  print(`upload ${values.files} files to ${title}`, first);
  for (const step of stepsAfter) {
    const result = await inChild(step, server);
    const how = step === "again" ? "again, with the journal" : "again, asking the server";
    print(how, result, `  ${((result.seconds / first.seconds) * 100).toFixed(2)} % of the first time`);
  }
}

/** Runs every step in a process of its own, so that its memory is measured alone. */
async function inChild(step, server) {
  const options = Object.entries({ ...values, step, server }).filter(([, value]) => value !== undefined);
  const child = fork(
    fileURLToPath(import.meta.url),
    options.map(([name, value]) => `--${name}=${value}`),
  );
  const [result] = await once(child, "message");
  return result;
}

function print(title, { seconds, text, growthMB }, more = "") {
  const memory = growthMB === undefined ? "" : `  ${growthMB.toFixed(0)} MB more memory at most`;
  console.log(`${title}: ${seconds.toFixed(2)} s  (${text})${memory}${more}`);
}

function audioFiles(count) {
  return { title: `${count} audio files of 4 KB`, kind: "audio", count, bytes: 4096, extension: "wav" };
}

function* numbered(count) {
  for (let n = 0; n < count; n += 1) yield { id: `input-${n}`, text: `text ${n}` };
}
