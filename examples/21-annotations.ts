/** Annotates a text, a video and an image with spans, frames, points and masks, and reviews what awaits a review. */

import { join } from "node:path";
import {
  addAnnotations,
  annotate,
  batch,
  boundingBox,
  connect,
  flow,
  fromIterable,
  listAnnotations,
  mask,
  patchAnnotations,
  point,
  textSpan,
  timeSegment,
  transform,
  upload,
  videoFrame,
} from "sluice";

const app = await connect();
const data = join(import.meta.dirname, "data");
const text = "Calm sea 🌊, two boats at the quay.";
const uploaded = await flow(
  fromIterable([
    { id: "note", text },
    { id: "ferry", video: { path: join(data, "media/ferry.mp4") } },
    { id: "quay", image: { path: join(data, "harbour/quay.jpg") } },
  ]),
)
  .pipe(batch(), upload(app))
  .run();
console.log(uploaded.summary());

/** A PNG whose lower half is white. A program gets masks from a model or from files. */
const lowerHalf =
  "iVBORw0KGgoAAAANSUhEUgAAAEAAAAAwCAYAAAChS3wfAAAACXBIWXMAAAsTAAALEwEAmpwYAAAAZUlEQVRogeXOMQ0AAACDMPybZjJ2QNIfAOMwDuMwDuMwDuMwDuMwDuMwDuMwDuMwDuMwDuMwDuMwDuMwzXgYD+NhPIyH8TAexsN4GA/jYTyMh/EwHsbDeBgP42E8jIfxMB7vgXcDyj7jtOpYFccAAAAASUVORK5CYII=";

// The inputs exist, so their ids are enough.
const start = text.indexOf("boats");
const pixels = Buffer.from(lowerHalf, "base64");
const drawn = await flow(fromIterable([{ id: "note", text }, { id: "ferry" }, { id: "quay" }]))
  .pipe(
    annotate(({ id }) => {
      if (id === "note") return textSpan([start, start + "boats".length], "boat", { id: "word", units: "utf16" });
      if (id === "quay") return [point([0.4, 0.5], "buoy", { id: "buoy" }), mask(pixels, "water", { id: "water" })];
      return [
        videoFrame(40, boundingBox([0.2, 0.3, 0.6, 0.7], "ferry", { id: "frame" })),
        timeSegment([0, 0.5], "arrival", { id: "segment" }),
      ];
    }),
    // 24157: awaiting review
    transform((input) => ({ ...input, annotations: input.annotations.map((one) => ({ ...one, statusCode: 24157 })) })),
    addAnnotations(app),
  )
  .run();
console.log(drawn.summary());

const waiting = listAnnotations(app, { inputs: ["note", "ferry", "quay"], statuses: ["awaiting review"] });
for (const { id, annotations } of await flow(waiting).toArray()) {
  for (const { concepts, span, frame, timeSegment: segment, point: at } of annotations) {
    console.log(id, concepts[0]?.name, JSON.stringify(span ?? frame ?? segment ?? at ?? "a mask"));
  }
}
const reviewed = await flow(waiting)
  .pipe(patchAnnotations(app, { status: "success" }))
  .run();
console.log(reviewed.summary());

await app.close();
process.exitCode = Math.max(uploaded.exitCode, drawn.exitCode, reviewed.exitCode);
