/** Copies the inputs of an app into another one, with everything that belongs to them, and compares the two. */

import { join } from "node:path";
import { batch, compare, connect, flow, folder, listInputs, remove, upload } from "sluice";

const from = await connect({ appId: "copy-example" });
const to = await connect({ appId: "copy-example-2" });
await flow(folder(join(import.meta.dirname, "data/harbour"), { labels: "folder", datasets: ["train"] }))
  .pipe(batch(), upload(from, { createDatasets: true }))
  .run();

const copied = await flow(listInputs(from))
  .pipe(upload(to, { createDatasets: true, resume: "server" }))
  .run();
console.log("copied:", copied.summary());

const same = await flow(listInputs(from)).pipe(compare(to)).run();
console.log("compared:", same.summary());

for (const app of [from, to]) {
  await flow(listInputs(app)).pipe(batch(), remove(app)).run();
  await app.close();
}
process.exitCode = same.exitCode;
