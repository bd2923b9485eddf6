/** Finds inputs with filters, on the server and behind a listing, and downloads small renditions of what was found. */

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  batch,
  connect,
  download,
  filterInputs,
  flow,
  folder,
  listInputs,
  searchInputs,
  tagMetadata,
  upload,
} from "sluice";

const app = await connect();
await flow(folder(join(import.meta.dirname, "data/harbour")))
  .pipe(tagMetadata({ example: "search" }), batch(), upload(app))
  .run();

const filters = { kinds: ["image" as const], metadata: { example: "search" }, not: { has: ["annotations" as const] } };
const found = await flow(searchInputs(app, filters)).toArray();
const listed = await flow(listInputs(app)).pipe(filterInputs(filters)).toArray();
console.log(`images without annotations: ${found.length} by search, ${listed.length} by listing`);

const out = await mkdtemp(join(tmpdir(), "sluice-search-"));
const report = await flow(searchInputs(app, { ...filters, createdSince: "2026-01-01" }))
  .pipe(download(out, { rendition: "small" }))
  .run();
console.log(report.summary());
console.log(`files: ${(await readdir(out)).length}`);

await rm(out, { recursive: true });
await app.close();
process.exitCode = report.exitCode;
