/**
 * Measures the gallery over a store of many inputs: how long the emulator's thread is busy with the index, and how long answers take. With several
 * builds, their runs alternate, each in a process of its own, over the same store. Requests that a build does not know are left out.
 *
 *   node bench/src/gallery.mjs --inputs 100000 --rounds 5 --dist dist,/tmp/before/dist
 */

import { fork } from "node:child_process";
import { existsSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    inputs: { type: "string", default: "100000" },
    rounds: { type: "string", default: "5" },
    repeats: { type: "string", default: "7" },
    dist: { type: "string", default: fileURLToPath(new URL("../../dist", import.meta.url)) },
    part: { type: "string" },
    store: { type: "string" },
  },
});
const inputs = Number(values.inputs);

if (values.part === "run") await run(values.dist, values.store);
else if (values.part === "fill") await fill(values.dist, values.store);
else await measureAll();

async function measureAll() {
  const builds = values.dist.split(",").map((folder) => resolve(folder));
  const store = join(tmpdir(), "sluice-bench", `gallery-${inputs}`);
  if (!existsSync(store)) {
    await inProcess("fill", builds.at(-1), `${store}.new`);
    renameSync(`${store}.new`, store);
  }
  const results = builds.map(() => []);
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [at, build] of builds.entries()) results[at].push(await inProcess("run", build, store));
  }
  const names = [...new Set(results.flat().flatMap(Object.keys))];
  console.log(`${"milliseconds (median)".padEnd(44)}${builds.map((build) => build.slice(-24).padStart(26)).join("")}`);
  for (const name of names) {
    const medians = results.map((runs) => median(runs.map((result) => result[name]).filter((ms) => ms !== undefined)));
    console.log(`${name.padEnd(44)}${medians.map((ms) => (ms?.toFixed(1) ?? "–").padStart(26)).join("")}`);
  }
}

function inProcess(part, dist, store) {
  const flags = [
    "--part",
    part,
    "--dist",
    dist,
    "--store",
    store,
    "--inputs",
    values.inputs,
    "--repeats",
    values.repeats,
  ];
  const child = fork(fileURLToPath(import.meta.url), flags);
  return new Promise((done, reject) => {
    let result;
    child.on("message", (message) => {
      result = message;
    });
    child.on("exit", (code) => (code === 0 ? done(result) : reject(new Error(`${part} ended with ${code}`))));
  });
}

async function start(dist, data) {
  const { startEmulator } = await import(pathToFileURL(join(dist, "emulator/index.js")).href);
  return startEmulator({ port: 0, data, urls: "accept" });
}

/** Fills a store: 60 % images, 30 % texts and 10 % audio files, of which 0.5 % have failed. */
async function fill(dist, store) {
  rmSync(store, { recursive: true, force: true });
  const emulator = await start(dist, store);
  const next = randomNumbers(7);
  const pick = (count) => Math.floor(next() ** 2 * count); // low numbers are more frequent
  const words = Array.from({ length: 5000 }, () =>
    Array.from(
      { length: 2 + Math.floor(next() * 3) },
      () => "bcdfglmnprst"[Math.floor(next() * 12)] + "aeiou"[Math.floor(next() * 5)],
    ).join(""),
  );
  const post = async (path, body) => {
    const url = `${emulator.url}/v2/users/me/apps/main/${path}`;
    const headers = { authorization: "Key any" };
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    const { status, inputs: answered = [] } = await response.json();
    const isAccepted = answered.every((input) => input.status.code === 30001) && (answered.length > 0 || response.ok);
    if (!isAccepted) throw new Error(`${path}: ${JSON.stringify(status)} ${JSON.stringify(answered[0]?.status)}`);
  };
  const makeInput = (n) => {
    const share = next();
    const kind = share < 0.6 ? "image" : share < 0.9 ? "text" : "audio";
    const name = `${words[n % words.length]}_${n}.${{ image: "jpg", text: "txt", audio: "wav" }[kind]}`;
    const text = Array.from({ length: 20 + pick(40) }, () => words[pick(words.length)]).join(" ");
    const content = kind === "text" ? { raw: text } : { url: `http://example.com/files/${name}` };
    const isBroken = next() < 0.005;
    return {
      id: `input-${n.toString(36)}`,
      data: {
        [isBroken ? "image" : kind]: isBroken ? { base64: "bm90IGFuIGltYWdl" } : content,
        concepts: [...new Set([pick(120), pick(120)])].map((number) => ({ id: `class-${number}` })),
        metadata: {
          filename: name,
          split: ["train", "train", "train", "test"][n % 4],
          camera: { iso: 100 * (1 + pick(16)) },
        },
      },
      dataset_ids: [`set-${pick(8)}`],
    };
  };
  for (let from = 0; from < inputs; from += 128) {
    const batch = Array.from({ length: Math.min(128, inputs - from) }, (_, n) => makeInput(from + n));
    await post("inputs", { inputs: batch });
    const box = { top_row: 0.1, left_col: 0.2, bottom_row: 0.5, right_col: 0.6 };
    const drawn = batch.filter(({ data }) => data.image?.url && next() < 0.1);
    const annotations = drawn.map(({ id }) => {
      const regions = [{ region_info: { bounding_box: box }, data: { concepts: [{ id: `class-${pick(120)}` }] } }];
      return { input_id: id, data: { regions } };
    });
    if (annotations.length > 0) await post("annotations", { annotations });
  }
  await new Promise((done) => setTimeout(done, 3000));
  await emulator.close();
}

async function run(dist, store) {
  const emulator = await start(dist, store);
  const headers = { authorization: "Key any" };
  const opened = await fetch(`${emulator.url}/gallery/session`, { method: "POST", headers });
  const session = { "x-sluice-session": (await opened.json()).session };
  const ask = async (path) => {
    const response = await fetch(`${emulator.url}/gallery/${path}`, { headers: session });
    if (response.status !== 200) return undefined;
    return response.json();
  };
  const result = {};
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const [{ key: app }] = await ask("apps");
  await ask(`inputs?app=${app}`);
  result["first page, with the tables of the index"] = performance.now() - startedAt;
  while ((await ask(`changes?app=${app}`)).indexing > 0) await new Promise((done) => setTimeout(done, 200));
  const { user, system } = process.cpuUsage(cpu);
  result["index: CPU time of the process"] = (user + system) / 1000;
  const { top } = await ask(`inputs?app=${app}&limit=1`);
  const isNew = (await ask(`inputs?app=${app}&kind=nothing`))?.total === 0;
  const requests = {
    "first page": "inputs?limit=100",
    "page in the middle": `inputs?limit=100&skip=${inputs / 2}&top=${top}`,
    "last page": `inputs?limit=100&skip=${inputs - 100}&top=${top}`,
    "page of kind=text": "inputs?limit=100&kind=text",
    "page of a common class": "inputs?limit=100&concept=class-0",
    "page of a rare class": "inputs?limit=100&concept=class-119",
    "page of a dataset and a kind": "inputs?limit=100&dataset=set-1&kind=image",
    "page of a metadata value": "inputs?limit=100&key=split&value=test",
    "page of failed": "inputs?limit=100&status=failed",
    "facets without filters": "facets?",
    changes: "changes?",
    locations: "locations?",
    ...(isNew && {
      "page of 3 classes": "inputs?limit=100&concept=class-0&concept=class-1&concept=class-50",
      "page of 2 kinds": "inputs?limit=100&kind=text&kind=image",
      "page by name": "inputs?limit=100&sort=name",
      "last page by name": `inputs?limit=100&sort=name&skip=${inputs - 100}`,
      "page by size of a dataset": "inputs?limit=100&sort=size&dataset=set-0",
      "search: a file name": "inputs?limit=100&q=_77777.",
      "search: a rare word": "inputs?limit=100&q=input-1s2",
      "search: a common word": "inputs?limit=100&q=input",
      "search: two words and a class": "inputs?limit=100&q=ba+train&concept=class-0",
      "search: two letters": "inputs?limit=100&q=ba",
      "search: one letter": "inputs?limit=100&q=z",
      "search: no match": "inputs?limit=100&q=xyzzyx",
      "search: common word by name": "inputs?limit=100&q=input&sort=name",
      "counts of kind=text": "counts?kind=text",
      "counts of a common class": "counts?concept=class-0",
      "counts of a rare class": "counts?concept=class-119",
      "counts of a search": "counts?q=lana",
      "counts of 3 filters": "counts?dataset=set-0&kind=image&concept=class-0",
    }),
  };
  for (const [name, request] of Object.entries(requests)) {
    const times = [];
    for (let repeat = 0; repeat < Number(values.repeats); repeat += 1) {
      const before = performance.now();
      const answer = await ask(`${request}${request.endsWith("?") ? "" : "&"}app=${app}`);
      if (answer !== undefined) times.push(performance.now() - before);
    }
    if (times.length > 0) result[name] = median(times);
  }
  result["memory of the process in MB"] = process.memoryUsage().rss / 1e6;
  await emulator.close();
  process.send(result);
  process.disconnect();
}

function median(numbers) {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
}

function randomNumbers(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
