/** Draws boxes, polygons and concepts on an image, and prints the annotations that the server stores. */

import { join } from "node:path";
import {
  addConcepts,
  annotate,
  batch,
  boundingBox,
  concept,
  connect,
  fitImage,
  flow,
  folder,
  listInputs,
  polygon,
  upload,
} from "sluice";

const app = await connect();
const quay = join(import.meta.dirname, "data/harbour");

const report = await flow(folder(quay, { include: ["quay.jpg"] }))
  .pipe(
    addConcepts("harbour"),
    annotate(() => [
      boundingBox([0.1, 0.2, 0.5, 0.6], "boat", { id: "first-boat" }),
      boundingBox([64, 48, 128, 96], "boat", { pixels: true, id: "second-boat" }),
      polygon(
        [
          [0.6, 0.1],
          [0.9, 0.1],
          [0.9, 0.4],
        ],
        "pier",
        { id: "pier" },
      ),
      concept("calm", { id: "mood" }),
    ]),
    fitImage({ maxMegapixels: 10 }),
    batch(),
    upload(app, { conflict: "replace" }),
  )
  .run();
console.log(report.summary());

const [stored] = await flow(
  listInputs(app, { ids: report.counts.ok > 0 ? await ids() : [], annotations: true }),
).toArray();
for (const { id, box: corners, polygon: points, concepts } of stored?.annotations ?? []) {
  console.log(`${id}: ${concepts[0]?.name} ${JSON.stringify(corners ?? points ?? "the whole image")}`);
}

async function ids(): Promise<string[]> {
  return (await flow(folder(quay, { include: ["quay.jpg"] })).toArray()).map((input) => input.id);
}

await app.close();
process.exitCode = report.exitCode;
