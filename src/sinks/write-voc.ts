/** Sink: writes images and boxes as a Pascal VOC dataset. */

import * as z from "zod";
import { diskTarget } from "../core/accounting/targets.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { DatasetFolder } from "../formats/dataset-folder/dataset-folder.js";
import { datasetOptionFields } from "../formats/dataset-folder/options.js";
import { vocFormat } from "../formats/voc/write.js";

const optionFields = {
  /** How coordinates count pixels. "one-based": as VOC defines, the first pixel is 1. "zero-based": as labelImg and CVAT write them. Default: "one-based". */
  pixels: z.enum(["one-based", "zero-based"]).default("one-based"),
  /** Rounds coordinates to whole pixels, for readers that accept no fractions. The loss is reported. Default: false. */
  rounded: z.boolean().default(false),
};
const Options = z.strictObject({ ...datasetOptionFields, ...optionFields });
/** Options of `writeVoc`. */
export type WriteVocOptions = OptionsOf<typeof datasetOptionFields> & OptionsOf<typeof optionFields>;

/**
 * Writes a Pascal VOC dataset: images in JPEGImages, an XML file for each in Annotations, and a list of each split in ImageSets/Main.
 *
 * A box becomes an object with the first concept as its name; `info.voc` (pose, truncated, difficult, parts) is written back. Boxes count in the upright pixels, whose
 * size the file declares. A polygon or a mask is written as its box. The report counts what VOC cannot express as notes, and losses.jsonl in the folder names
 * it for each input.
 *
 * A second run continues the dataset: what was written before is skipped, and a changed input replaces its files. Inputs other than images fail
 * (ERR_KIND_MISMATCH).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_FILE_EXISTS if the folder has something else; ERR_FILE_LOCKED; ERR_FILE_UNWRITABLE
 * @example await flow(labelMe("./labelme")).pipe(writeVoc("./voc")).run();
 */
export const writeVoc = defineSink({
  name: "writeVoc",
  parse(path: string, options: WriteVocOptions = {}) {
    checkPath("writeVoc", path);
    return { path, ...parseOptions("writeVoc", Options, options) };
  },
  batch: { maxItems: 64 },
  readsContents: true,
  supportsDryRun: true,
  opensAlways: true,
  target: ({ path }) => diskTarget("write to", path),
  open: ({ options: { path, pixels, rounded, ...options }, ...run }) =>
    DatasetFolder.open(path, vocFormat({ pixels, rounded }), options, run),
  write: (batch, { state }) => state.write(batch),
  close: ({ state }) => state.close(),
});
