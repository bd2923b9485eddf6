/** Writes a report as an HTML page: totals, failures, locations, and a sample of the inputs with their annotations. */

import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { annotate, batch, boundingBox, connect, flow, folder, geoFromExif, upload } from "sluice";

const app = await connect();
const work = await mkdtemp(join(tmpdir(), "sluice-report-"));
for (const name of ["harbour", "market"])
  await cp(join(import.meta.dirname, "data", name), join(work, name), { recursive: true });
await writeFile(join(work, "empty.jpg"), "");

const report = await flow(folder(work, { labels: "folder" }))
  .pipe(
    geoFromExif(),
    annotate(() => boundingBox([0.2, 0.4, 0.6, 0.9], "boat")),
    batch(),
    upload(app),
  )
  .run();

for (const { count, code } of report.failureGroups) console.log(`by code: ${count} × ${code}`);
const path = join(work, "report.html");
await report.writeHtml(path); // open it in a browser
const page = await readFile(path, "utf8");
const count = (pattern: RegExp) => page.match(pattern)?.length ?? 0;
console.log(
  `report.html: ${Math.round(page.length / 1000)} kB, ${count(/data:image\/jpeg/g)} thumbnails, ${count(/<title>boat/g)} boxes`,
);

await rm(work, { recursive: true });
await app.close();
