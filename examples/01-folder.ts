/** A folder into the store: images, video, audio and text, each with its folder as label. */

import { join } from "node:path";
import { batch, connect, flow, folder, tagMetadata, upload } from "sluice";

const app = await connect(); // the platform when CLARIFAI_PAT is set, else a store in ./.sluice
const path = process.argv[2] ?? join(import.meta.dirname, "data");

const report = await flow(folder(path, { labels: "folder", exclude: ["*.ts"] }))
  .pipe(tagMetadata({ split: "train" }), batch(), upload(app))
  .run();

console.log(report.summary());
await app.close();
process.exitCode = report.exitCode;
