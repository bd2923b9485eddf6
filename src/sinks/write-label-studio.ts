/** Sink: writes tasks that Label Studio imports. */

import * as z from "zod";
import { diskTarget } from "../core/accounting/targets.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { DatasetFolder } from "../formats/dataset-folder/dataset-folder.js";
import { datasetOptionFields } from "../formats/dataset-folder/options.js";
import { labelStudioFormat } from "../formats/label-studio/write.js";

const optionFields = {
  /**
   * Path of the dataset's folder below the local files root of Label Studio (LOCAL_FILES_DOCUMENT_ROOT), for the addresses of images. Default: the name of the folder,
   * so that the root is the folder around it.
   */
  localRoot: z
    .string()
    .regex(/^(?!\/)(?!.*\.\.(?:\/|$)).*$/, "expected a relative path")
    .optional(),
};
const Options = z.strictObject({ ...datasetOptionFields, ...optionFields });
/** Options of `writeLabelStudio`. */
export type WriteLabelStudioOptions = OptionsOf<typeof datasetOptionFields> & OptionsOf<typeof optionFields>;

/**
 * Writes a folder for Label Studio: tasks.json for its import, the images that the tasks name as local files (/data/local-files/?d=…), and config.xml, a labeling
 * configuration with all classes.
 *
 * Boxes, polygons, points and masks become rectangles, polygons, key points and brush masks, in percent of the upright image; concepts of the image become
 * choices. Rotated rectangles and ellipses that Label Studio made are written back as such. Metadata become fields of the task. The report counts what Label Studio cannot
 * express as notes, and losses.jsonl in the folder names it for each input.
 *
 * A second run continues the dataset: what was written before is skipped, and a changed input replaces its files. Inputs other than images fail
 * (ERR_KIND_MISMATCH).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_FILE_EXISTS if the folder has something else; ERR_FILE_LOCKED; ERR_FILE_UNWRITABLE
 * @example await flow(voc("./VOC2012")).pipe(writeLabelStudio("./review")).run();
 */
export const writeLabelStudio = defineSink({
  name: "writeLabelStudio",
  parse(path: string, options: WriteLabelStudioOptions = {}) {
    checkPath("writeLabelStudio", path);
    return { path, ...parseOptions("writeLabelStudio", Options, options) };
  },
  batch: { maxItems: 64 },
  readsContents: true,
  supportsDryRun: true,
  opensAlways: true,
  target: ({ path }) => diskTarget("write to", path),
  open: ({ options: { path, localRoot, ...options }, ...run }) =>
    DatasetFolder.open(path, labelStudioFormat(path, localRoot), options, run),
  write: (batch, { state }) => state.write(batch),
  close: ({ state }) => state.close(),
});
