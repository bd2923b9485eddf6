/** Checks a dataset before the upload: boxes, classes, splits, duplicates and broken files. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batch, checkDataset, connect, doctor, flow, jsonl, upload } from "sluice";

const work = await mkdtemp(join(tmpdir(), "sluice-doctor-"));
const photo = await readFile(join(import.meta.dirname, "data/harbour/quay.jpg"));
await writeFile(join(work, "a.jpg"), photo);
await writeFile(join(work, "b.jpg"), photo);
await writeFile(join(work, "c.jpg"), photo.subarray(0, photo.length / 2));
const line = (name: string, split: string, box: number[]) =>
  JSON.stringify({
    id: name,
    image: { path: join(work, `${name}.jpg`) },
    metadata: { split },
    annotations: [{ box, concepts: ["crane"] }],
  });
const table = join(work, "boxes.jsonl");
await writeFile(
  table,
  [
    line("a", "train", [0.1, 0.1, 0.5, 0.5]),
    line("b", "val", [0.1, 0.1, 0.5, 0.5]), // the same image as in train
    line("c", "train", [0.2, 0.2, 0.4, 0.4]), // half a file
    line("a", "train", [0.2, 0.2, 1.4, 0.4]), // a box outside of the image
  ].join("\n"),
);

const result = await doctor(jsonl(table), { classes: ["crane", "ship"] });
console.log(result.summary());
console.log("exit code:", result.exitCode);

// The same checks before an upload: only what passes is sent.
const app = await connect();
const report = await flow(jsonl(table)).pipe(checkDataset(), batch(), upload(app)).run();
console.log(report.summary());

await rm(work, { recursive: true });
await app.close();
