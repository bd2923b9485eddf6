/** Sink: writes images with their annotations as a YOLO dataset. */

import * as z from "zod";
import { diskTarget } from "../core/accounting/targets.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { DatasetFolder } from "../formats/dataset-folder/dataset-folder.js";
import { datasetOptionFields } from "../formats/dataset-folder/options.js";
import { yoloFormat } from "../formats/yolo/write-format.js";

const optionFields = {
  /**
   * What the rows describe. "detect": boxes; a polygon is written as its box, which the report counts as a loss. "segment": polygons; a box is written as the polygon
   * of its corners, which counts as a loss, too. "obb": the four corners of rotated boxes; a polygon with other corners is written as its smallest rotated box. Default: "detect".
   */
  task: z.enum(["detect", "segment", "obb"]).default("detect"),
  /** "ultralytics": images/<split>, labels/<split> and data.yaml. "darknet": data/<split>, lists of images, obj.names and obj.data. Default: "ultralytics". */
  layout: z.enum(["ultralytics", "darknet"]).default("ultralytics"),
};
const Options = z.strictObject({ ...datasetOptionFields, ...optionFields });
/** Options of `writeYolo`. */
export type WriteYoloOptions = OptionsOf<typeof datasetOptionFields> & OptionsOf<typeof optionFields>;

/**
 * Writes images with their annotations as a dataset that YOLO trains on: images/<split>, labels/<split> and data.yaml, or the layout of Darknet. An input without split is in "train". An
 * image without annotations gets an empty label.
 *
 * Coordinates are about the upright image, as ultralytics reads it, with nine digits. The report counts what the format cannot express (`YOLO: mask lost`), and losses.jsonl
 * in the folder has the values for each input.
 *
 * An input is ok when its image and its label are on disk. The same command continues a killed run, adds new inputs, replaces changed ones and writes nothing twice; data.yaml
 * is written at the end. Only one run at a time writes into a folder (ERR_FILE_LOCKED).
 *
 * An input that is not an image fails (ERR_KIND_MISMATCH), as does an image that is only a URL (ERR_CONTENT_REMOTE), unless `media` is "none".
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_FILE_EXISTS for a folder with other files; ERR_FILE_LOCKED, ERR_FILE_UNWRITABLE, ERR_CLASSES, ERR_STATE_DAMAGED
 * @example await flow(coco("./coco")).pipe(writeYolo("./yolo", { task: "segment" })).run();
 */
export const writeYolo = defineSink({
  name: "writeYolo",
  parse(path: string, options: WriteYoloOptions = {}) {
    checkPath("writeYolo", path);
    return { path, ...parseOptions("writeYolo", Options, options) };
  },
  target: ({ path }) => diskTarget("write to", path),
  wholeRecords: () => true,
  readsContents: true,
  supportsDryRun: true,
  opensAlways: true,
  batch: { maxItems: 128 },
  open: ({ options: { path, task, layout, ...options }, ...run }) =>
    DatasetFolder.open(path, yoloFormat(task, layout), options, run),
  write: (batch, { state }) => state.write(batch),
  close: ({ state }) => state.close(),
});
