/**
 * Compares `fitImage` on large photos with a plain loop of sharp calls that makes the same files.
 *
 *   node bench/src/pixels.mjs --images 40 --rounds 5
 *   node bench/src/pixels.mjs --images 40 --more 400    # repeats with 400 photos, to see whether memory grows
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    images: { type: "string", default: "40" },
    more: { type: "string" },
    rounds: { type: "string", default: "5" },
    contender: { type: "string" },
  },
});
const library = new URL("../../dist/index.js", import.meta.url);
if (!existsSync(library)) throw new Error("Sluice is not built: run `npm run build` in the folder above");
const work = join(tmpdir(), "sluice-bench", "pixels");
const [width, height] = [4000, 3000];
const [maxMegapixels, quality] = [2, 80];

const contenders = {
  async sluice(path) {
    const { batch, defineSink, fitImage, flow, folder } = await import(library.href);
    let bytes = 0;
    const discard = defineSink({
      name: "discard",
      write: async (inputs) => {
        for (const { image } of inputs) bytes += image.bytes.byteLength;
      },
    });
    const photos = flow(folder(path)).pipe(fitImage({ maxMegapixels, quality }), batch(), discard());
    const report = await photos.run();
    return { images: report.counts.ok, bytes };
  },
  async loop(folder) {
    const { default: sharp } = await import("sharp");
    sharp.concurrency(1);
    const scale = Math.sqrt((maxMegapixels * 1e6) / (width * height));
    const size = { width: Math.floor(width * scale), height: Math.floor(height * scale), fit: "fill" };
    const names = readdirSync(folder);
    let images = 0;
    let bytes = 0;
    const worker = async () => {
      for (let name = names.pop(); name; name = names.pop()) {
        const image = sharp(join(folder, name), { failOn: "truncated" }).resize(size).keepIccProfile();
        const made = await image.jpeg({ quality }).toBuffer();
        bytes += made.byteLength;
        images += 1;
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
    return { images, bytes };
  },
};

if (values.contender) await contend();
else await compare();

/** Runs the work in a process of its own, and measures its time, its memory and the longest delay of the event loop. */
async function contend() {
  const { measured } = await import("./usage.mjs");
  await Promise.all([import("sharp"), import(library.href)]); // the measured time excludes the start
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const started = performance.now();
  const made = await contenders[values.contender](folderOf(values.images));
  Object.assign(measured, { ...made, seconds: (performance.now() - started) / 1000, blockedMs: delay.max / 1e6 });
}

async function compare() {
  const counts = [values.images, values.more].filter((count) => count !== undefined);
  for (const count of counts) await makePhotos(Number(count));
  const rows = [];
  for (const count of counts) {
    const results = { sluice: [], loop: [] };
    for (let round = 0; round < Number(values.rounds); round += 1) {
      // The order alternates, so that no contender always runs on the warmer machine.
      const names = round % 2 === 0 ? ["loop", "sluice"] : ["sluice", "loop"];
      for (const name of names) results[name].push(await inChild(name, count));
    }
    const row = (name) => ({ images: count, contender: name, ...mediansOf(results[name]) });
    const ratios = results.sluice.map((result, round) => results.loop[round].seconds / result.seconds);
    const cpuRatios = results.sluice.map((result, round) => results.loop[round].cpuSeconds / result.cpuSeconds);
    rows.push(row("loop"), { ...row("sluice"), "throughput / loop": median(ratios), "by CPU": median(cpuRatios) });
  }
  console.table(rows);
}

async function inChild(contender, images) {
  const options = [`--contender=${contender}`, `--images=${images}`];
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), ...options], {
    stdio: ["ignore", "ignore", "inherit", "pipe"],
  });
  const [[code], report] = await Promise.all([once(child, "close"), text(child.stdio[3])]);
  const result = code === 0 ? JSON.parse(report) : undefined;
  if (result?.images !== Number(images)) throw new Error(`${contender}: ${result?.images} of ${images} images`);
  return result;
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return Number(sorted[Math.floor(sorted.length / 2)].toFixed(3));
}

function mediansOf(results) {
  const of = (pick, digits = 2) => Number(median(results.map(pick)).toFixed(digits));
  return {
    "wall s": of((result) => result.seconds),
    "CPU s": of((result) => result.cpuSeconds),
    "peak RSS MB": of((result) => result.peakBytes / 1e6, 0),
    "event loop blocked ms": of((result) => result.blockedMs, 0),
    "result MB": of((result) => result.bytes / 1e6),
  };
}

function folderOf(images) {
  return join(work, String(images));
}

/** Makes photos of 12 megapixels: soft shapes with some noise, each with different bytes at the end. */
async function makePhotos(count) {
  const folder = folderOf(count);
  if (existsSync(folder) && readdirSync(folder).length === count) return;
  process.stderr.write(`making ${count} photos in ${folder}\n`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const photo = await onePhoto();
  for (let n = 0; n < count; n += 1) {
    writeFileSync(join(folder, `photo-${n}.jpg`), Buffer.concat([photo, Buffer.from(`photo ${n}`)]));
  }
}

async function onePhoto() {
  const path = join(work, "photo.jpg");
  if (existsSync(path)) return readFileSync(path);
  const { default: sharp } = await import("sharp");
  const noise = (mean, sigma) => ({ type: "gaussian", mean, sigma });
  const shapes = sharp({ create: { width: 40, height: 30, channels: 3, background: "grey", noise: noise(128, 60) } });
  const soft = await shapes.png().toBuffer();
  const grain = { create: { width, height, channels: 3, background: "grey", noise: noise(128, 12) } };
  const input = await sharp(grain).png({ compressionLevel: 0 }).toBuffer();
  await sharp(soft)
    .resize(width, height, { kernel: "cubic", fit: "fill" })
    .composite([{ input, blend: "soft-light" }])
    .jpeg({ quality: 88 })
    .toFile(path);
  return readFileSync(path);
}
