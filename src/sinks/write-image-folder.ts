/** Sink: writes images, boxes and metadata as an image folder of Hugging Face. */

import * as z from "zod";
import { diskTarget } from "../core/accounting/targets.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { DatasetFolder } from "../formats/dataset-folder/dataset-folder.js";
import { datasetOptionFields } from "../formats/dataset-folder/options.js";
import { imageFolderFormat } from "../formats/image-folder/write.js";

const Options = z.strictObject(datasetOptionFields);
/** Options of `writeImageFolder`. */
export type WriteImageFolderOptions = OptionsOf<typeof datasetOptionFields>;

/**
 * Writes an image folder that Hugging Face's `load_dataset("imagefolder")` reads: images in a folder for each split, with a metadata.jsonl that has a row for each.
 *
 * A row has `file_name`, `objects` (`bbox` as [x, y, width, height] in upright pixels, and `categories`), `label` (`labels` if an image has several), `text`, and the
 * metadata as columns. A polygon or a mask is written as its box. The report counts what the format cannot express as notes, and losses.jsonl in the folder names it
 * for each input.
 *
 * A second run continues the dataset: what was written before is skipped, and a changed input replaces its files. Inputs other than images fail
 * (ERR_KIND_MISMATCH).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_FILE_EXISTS if the folder has something else; ERR_FILE_LOCKED; ERR_FILE_UNWRITABLE
 * @example await flow(voc("./VOC2012")).pipe(writeImageFolder("./images")).run();
 */
export const writeImageFolder = defineSink({
  name: "writeImageFolder",
  parse(path: string, options: WriteImageFolderOptions = {}) {
    checkPath("writeImageFolder", path);
    return { path, ...parseOptions("writeImageFolder", Options, options) };
  },
  batch: { maxItems: 64 },
  readsContents: true,
  supportsDryRun: true,
  opensAlways: true,
  target: ({ path }) => diskTarget("write to", path),
  open: ({ options: { path, ...options }, ...run }) => DatasetFolder.open(path, imageFolderFormat(), options, run),
  write: (batch, { state }) => state.write(batch),
  close: ({ state }) => state.close(),
});
