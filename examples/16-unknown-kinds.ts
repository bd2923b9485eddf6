/** Corrects the kind of files by their content. A file that is not an image, video, audio or text fails alone. */

import { join } from "node:path";
import { batch, connect, detectType, flow, fromIterable, upload } from "sluice";

const app = await connect();
const data = join(import.meta.dirname, "data");
const blobs = [
  { id: "blob-1", image: { path: join(data, "media/foghorn.wav") } },
  { id: "blob-2", image: { path: join(data, "harbour/quay.jpg") } },
  { id: "blob-3", image: { path: join(data, "notes/menu.txt") } },
  { id: "blob-4", image: { bytes: new Uint8Array([0, 1, 2, 3]) } },
];

const detected = flow(fromIterable(blobs)).pipe(detectType());
for (const input of (await detected.preview()).inputs) {
  console.log(`${input.id}: ${input.image ? "image" : input.audio ? "audio" : "text"}`);
}

const report = await detected.pipe(batch(), upload(app)).run();
console.log(report.summary());
await app.close();
process.exitCode = report.counts.failed === 1 ? 0 : 1;
