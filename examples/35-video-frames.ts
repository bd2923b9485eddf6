/** Uploads frames of a video as images. It needs the program ffmpeg; without it, the video fails and the text says what to do. */

import { join } from "node:path";
import { batch, connect, flow, folder, upload, videoFrames } from "sluice";

const app = await connect();
const clips = folder(join(import.meta.dirname, "data/media"), { kinds: ["video"] });

const report = await flow(clips)
  .pipe(videoFrames({ count: 3 }), batch(), upload(app))
  .run();
console.log(report.summary());

if (report.ok) {
  for await (const frame of flow(clips).pipe(videoFrames({ everyMs: 500, format: "png" }))) {
    const { width, height, mimeType } = frame.image ?? {};
    console.log(`${frame.metadata.timeMs} ms: ${width} × ${height} ${mimeType}`);
  }
}
await app.close();
