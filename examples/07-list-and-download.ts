/** Lists inputs page by page or all at once, and downloads them byte for byte. */

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batch, connect, download, flow, folder, listInputs, upload } from "sluice";

const app = await connect();
await flow(folder(join(import.meta.dirname, "data/media")))
  .pipe(batch(), upload(app))
  .run();

const firstPage = await flow(listInputs(app, { page: 1, perPage: 5 })).toArray();
console.log("on the first page:", firstPage.map((input) => input.id).join(", "));

const out = await mkdtemp(join(tmpdir(), "sluice-download-"));
const report = await flow(listInputs(app, { kinds: ["video", "audio"] }))
  .pipe(download(out))
  .run();
console.log(report.summary());
console.log(await readFile(join(out, "manifest.jsonl"), "utf8"));

await rm(out, { recursive: true });
await app.close();
process.exitCode = report.exitCode;
