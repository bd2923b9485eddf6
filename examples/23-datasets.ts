/** Puts inputs into datasets, merges two datasets, exports the result, and reads the archive. */

import { rmSync } from "node:fs";
import { addToDataset, connect, datasetExport, exportDataset, flow, fromIterable, mergeDatasets, upload } from "sluice";

const app = await connect();
const notes = Array.from({ length: 4 }, (_, n) => ({ id: `dataset-example-${n}`, text: `note ${n}`, metadata: { n } }));
await flow(fromIterable(notes, { datasets: ["notes"] }))
  .pipe(upload(app))
  .run();

const added = await flow(fromIterable([{ id: "dataset-example-0" }, { id: "dataset-example-nowhere" }]))
  .pipe(addToDataset(app, { dataset: "favorites" }))
  .run();
console.log("added:", added.summary());

const merged = await mergeDatasets(app, { from: ["notes", "favorites"], into: "all-notes" }).run();
console.log("merged:", merged.summary());

const path = "./all-notes.zip";
const { sizeBytes } = await exportDataset(app, { dataset: "all-notes", path });
console.log(`exported: ${sizeBytes} bytes`);
for await (const { id, text } of flow(datasetExport(path))) console.log(id, text);
rmSync(path);
await app.close();
