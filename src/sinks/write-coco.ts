/** Sink: writes images with their annotations as a dataset in the format of COCO. */

import * as z from "zod";
import { diskTarget } from "../core/accounting/targets.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { CocoFormat } from "../formats/coco/write-format.js";
import { DatasetFolder } from "../formats/dataset-folder/dataset-folder.js";
import { datasetOptionFields } from "../formats/dataset-folder/options.js";

const Options = z.strictObject(datasetOptionFields);
/** Options of `writeCoco`. */
export type WriteCocoOptions = OptionsOf<typeof datasetOptionFields>;

/**
 * Writes images with their annotations as a dataset in the format of COCO: images/<split> and annotations/instances_<split>.json, or images and
 * annotations/instances.json for inputs without split. pycocotools reads it.
 *
 * Boxes become `bbox`, polygons `segmentation`, masks run-length encoded `segmentation`; all have `area` and `iscrowd`. What `coco` read comes back as it was: ids of images,
 * annotations and categories, keypoints, captions, attributes, several polygons of one object. New ids are whole numbers from 1. Coordinates are about the stored image, unless
 * `coco` found them to be about the upright one.
 *
 * The report counts what the format cannot express (`COCO: point lost`), and losses.jsonl in the folder has the values for each input. The same command continues a killed run,
 * adds new inputs, replaces changed ones and writes nothing twice; the files in annotations/ are written at the end, without half-written ones.
 *
 * An input that is not an image fails (ERR_KIND_MISMATCH), as does an image that is only a URL (ERR_CONTENT_REMOTE), unless `media` is "none".
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_FILE_EXISTS for a folder with other files; ERR_FILE_LOCKED, ERR_FILE_UNWRITABLE, ERR_CLASSES, ERR_STATE_DAMAGED
 * @example await flow(yolo("./yolo")).pipe(writeCoco("./coco")).run();
 */
export const writeCoco = defineSink({
  name: "writeCoco",
  parse(path: string, options: WriteCocoOptions = {}) {
    checkPath("writeCoco", path);
    return { path, options: parseOptions("writeCoco", Options, options) };
  },
  target: ({ path }) => diskTarget("write to", path),
  wholeRecords: () => true,
  readsContents: true,
  supportsDryRun: true,
  opensAlways: true,
  batch: { maxItems: 128 },
  open({ options: { path, options }, ...run }) {
    const format = new CocoFormat();
    return DatasetFolder.open(path, format, options, run, (record) => format.restore(record));
  },
  write: (batch, { state }) => state.write(batch),
  close: ({ state }) => state.close(),
});
