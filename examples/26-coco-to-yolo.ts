/** Converts a dataset of COCO to YOLO, and names what YOLO cannot express. */

import { readFileSync, rmSync } from "node:fs";
import { coco, flow, fromIterable, writeCoco, writeYolo } from "sluice";

const image = new URL("./data/market/stalls.jpg", import.meta.url).pathname;
const stall = { box: [0.1, 0.2, 0.8, 0.9] as [number, number, number, number], concepts: ["stall"] };
const made = await flow(fromIterable([{ id: "stall-1", image: { path: image }, annotations: [stall] }]))
  .pipe(writeCoco("./stall-coco"))
  .run();
console.log("COCO:", made.summary());

const source = coco("./stall-coco");
const converted = await flow(source)
  .pipe(writeYolo("./stall-yolo", { classes: source }))
  .run();
console.log("YOLO:", converted.summary());
console.log(readFileSync("./stall-yolo/data.yaml", "utf8"));
for (const folder of ["./stall-coco", "./stall-yolo"]) rmSync(folder, { recursive: true });
