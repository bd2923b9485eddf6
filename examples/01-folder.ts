/** Uploads a folder of images, video, audio and text. The name of its folder becomes the concept of each file. */

import { join } from "node:path";
import { batch, connect, flow, folder, tagMetadata, upload } from "sluice";

const app = await connect(); // CLARIFAI_PAT set: the platform. Not set: an emulator that stores in ./.sluice
const path = process.argv[2] ?? join(import.meta.dirname, "data");

const report = await flow(folder(path, { labels: "folder", exclude: ["*.ts"] }))
  .pipe(tagMetadata({ split: "train" }), batch(), upload(app))
  .run();

console.log(report.summary());
await app.close();
process.exitCode = report.exitCode;
