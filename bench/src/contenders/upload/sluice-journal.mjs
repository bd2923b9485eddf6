/** Sluice with a new journal, on the disk of the data sets. */

import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batch, connect, csv, flow, folder, upload } from "../../../../dist/index.js";

const [, , path, baseUrl, kind] = process.argv;
const journal = join(tmpdir(), "sluice-bench", "upload.journal");
rmSync(journal, { force: true });
const app = await connect({ baseUrl, pat: "bench", allowHttp: true });
const source = kind === "text" ? csv(path) : folder(path);
const report = await flow(source)
  .pipe(batch(), upload(app, { wait: false }))
  .run({ journal });
await app.close();
if (!report.ok) throw new Error(report.summary());
