/**
 * Checks the built package on the version of Node.js that runs this script: the library, its native dependencies (sharp, libsql) and the command
 * line. Uses no test runner, and only what users import. `npm run build` comes first.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import {
  batch,
  connect,
  csv,
  download,
  fitImage,
  flow,
  folder,
  geoFromExif,
  listInputs,
  patch,
  remove,
  stripUnicode,
  tagMetadata,
  upload,
  urls,
} from "sluice";
import { startEmulator } from "sluice/emulator";
import { jetstream } from "sluice/jetstream";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const data = join(root, "examples/data");
const work = await mkdtemp(join(tmpdir(), "sluice-smoke-"));
const photos = join(work, "photos");
const journal = join(work, "photos.journal");

const emulator = await startEmulator({ data: join(work, "store") });
const app = await connect({ baseUrl: emulator.url, pat: "any" });

/** The checks run in this order: later ones use what earlier ones stored. */
const checks = {
  async "uploads a folder, with images resized by sharp"() {
    await mkdir(photos);
    for (const name of ["harbour/quay.jpg", "harbour/cranes.jpg", "media/ferry.mp4"]) {
      await copyFile(join(data, name), join(photos, name.replace(/.*\//, "")));
    }
    await writeFile(join(photos, "note.txt"), "calm sea");
    const report = await uploadPhotos();
    assertCounts(report, { read: 4, ok: 4 });
    const images = await flow(listInputs(app, { kinds: ["image"] })).toArray();
    assert.deepEqual(
      images.map(({ image }) => image.width * image.height <= 10_000),
      [true, true],
    );
  },
  async "skips with its journal what is finished"() {
    assertCounts(await uploadPhotos(), { read: 4, skipped: 4 });
  },
  async "plans without sending anything"() {
    const plan = await flow(folder(photos)).pipe(batch(), remove(app)).plan();
    assert.equal(plan.counts.read, 4);
    assert.equal(emulator.stored().length, 4);
  },
  async "patches metadata"() {
    const report = await flow(listInputs(app))
      .pipe(tagMetadata({ split: "test" }), batch(), patch(app))
      .run();
    assertCounts(report, { read: 4, ok: 4 });
    for (const { metadata } of emulator.stored()) assert.equal(metadata.split, "test");
  },
  async "downloads the same bytes"() {
    const out = join(work, "out");
    assertCounts(await flow(listInputs(app)).pipe(download(out)).run(), { read: 4, ok: 4 });
    const movie = (await readdir(out)).find((name) => name.endsWith(".mp4"));
    assert.ok(movie);
    assert.ok((await readFile(join(out, movie))).equals(await readFile(join(data, "media/ferry.mp4"))));
  },
  async "cleans the texts of a table"() {
    const table = join(work, "rows.csv");
    await writeFile(table, "inputid,input\nrow1,calm sea \u{1F30A}\nrow2,a\u200Bb\n");
    const report = await flow(csv(table))
      .pipe(stripUnicode({ remove: "emoji" }), batch(), upload(app))
      .run();
    assertCounts(report, { read: 2, ok: 2 });
    const texts = await flow(listInputs(app, { ids: ["row1"] })).toArray();
    assert.equal(texts[0]?.text.trim(), "calm sea");
  },
  async "fetches URLs"() {
    const photo = await readFile(join(data, "market/plan.png"));
    const server = createServer((_, response) => response.writeHead(200, { "content-type": "image/png" }).end(photo));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${server.address().port}/plan.png`;
    const source = urls([url], { fetch: true, allowPrivate: true });
    assertCounts(await flow(source).pipe(batch(), upload(app)).run(), { read: 1, ok: 1 });
    server.close();
  },
  async "removes what it listed"() {
    assertCounts(await flow(listInputs(app)).pipe(batch(), remove(app)).run(), { read: 7, ok: 7 });
    assert.deepEqual(emulator.stored(), []);
  },
  async "runs the command line"() {
    const env = { ...process.env, CLARIFAI_API_BASE: emulator.url, CLARIFAI_PAT: "any" };
    const sluice = (...args) => run(process.execPath, [join(root, "dist/cli/main.js"), ...args], { cwd: work, env });
    assert.match((await sluice("upload", "photos")).stdout, /read 4 = ok 4 /);
    assert.equal((await sluice("list", "--json")).stdout.trimEnd().split("\n").length, 4);
  },
  "makes a source of many machines"() {
    assert.equal(jetstream({ stream: "photos" }).name, "jetstream"); // Its packages are loaded when the source is read.
  },
};

function uploadPhotos() {
  return flow(folder(photos, { labels: "folder" }))
    .pipe(fitImage({ maxMegapixels: 0.01 }), geoFromExif(), batch(), upload(app))
    .run({ journal });
}

function assertCounts(report, counts) {
  const none = { read: 0, ok: 0, failed: 0, skipped: 0, pending: 0 };
  assert.deepEqual(report.counts, { ...none, ...counts }, report.summary());
}

let failed = 0;
for (const [name, check] of Object.entries(checks)) {
  try {
    await check();
  } catch (error) {
    failed += 1;
    console.error(`failed: ${name}`, error);
  }
}
await app.close();
await emulator.close();
await rm(work, { recursive: true });
const count = Object.keys(checks).length;
console.log(`smoke on Node.js ${process.version}: ${count - failed} of ${count} checks passed`);
process.exitCode = failed > 0 ? 1 : 0;
