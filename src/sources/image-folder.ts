/** Source: an image folder, with classes as folders or a metadata file. */

import * as z from "zod";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { annotationOptionFields } from "../formats/annotations/source-options.js";
import { isFile } from "../formats/datasets/files.js";
import { type ImageTree, imageFolderItems } from "../formats/image-folder/items.js";
import { classesOf, layoutOf, splitOf } from "../formats/image-folder/layout.js";
import { metadataRows } from "../formats/image-folder/metadata.js";

const optionFields = {
  /** Concepts from the names of folders. Default: yes, unless the folder has a metadata file, or all images lie in one folder. */
  labels: z.enum(["folder", "none"]).optional(),
  /** Column whose value becomes the text of an input. Default: text, else caption. */
  text: z.string().min(1).optional(),
  /** Names of the classes, in order, for metadata that has numbers. */
  classes: z.array(z.string().min(1)).min(1).optional(),
};
const Options = z.strictObject({ ...annotationOptionFields, ...optionFields });
/** Options of `imageFolder`. */
export type ImageFolderOptions = OptionsOf<typeof annotationOptionFields> & OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options> & { root: string };

/**
 * Reads an image folder as Hugging Face and torchvision define it: the folder of an image is its class (`train/cat/1.jpg`, `cat/1.jpg`), or `metadata.jsonl` or
 * `metadata.csv` has a row for each image with its `file_name`, relative to the metadata file.
 *
 * Of a row, `objects` (`bbox` as [x, y, width, height] in pixels, and `categories`) becomes boxes, `label` a concept, and `text` or `caption` the text of
 * the input. Every other column goes to the metadata. Other lists in `objects` go to `info.imageFolder` of their box. If all top folders are named like splits
 * (train, validation, test and the like), they are the split. Coordinates count in the upright pixels, as Hugging Face decodes images.
 *
 * Yields the rows in their order, then the images that no row names, in the order of their paths. A row whose image is missing or that is not valid fails alone
 * (ERR_IMAGE_MISSING, ERR_LABEL). `classes` are the folders' names in the order of torchvision.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FOLDER_UNREADABLE; ERR_FOLDER_FORMAT for a metadata.parquet
 * @example await flow(imageFolder("./pets")).pipe(batch(), upload(app)).run();
 */
export const imageFolder = defineSource({
  name: "imageFolder",
  parse(path: string, options: ImageFolderOptions = {}): Checked {
    checkPath("imageFolder", path);
    return { ...parseOptions("imageFolder", Options, options), root: path.replace(/(?<=[^/])\/+$/, "") };
  },
  classes({ root, classes }) {
    if (classes) return classes;
    const layout = layoutOf(root);
    const names = layout.metadata.length > 0 ? [] : classesOf(layout);
    return names.length > 0 ? names : undefined;
  },
  async *read(options, context) {
    const { root } = options;
    const layout = layoutOf(root);
    const tree: ImageTree = {
      ...{ root, layout, concurrency: 1 },
      rows: (metadata) => metadataRows(`${root}/${metadata}`),
      hasFile: (relative) => isFile(`${root}/${relative}`),
      contentOf: (relative) => ({ path: `${root}/${relative}` }),
      splitOf: (relative) => splitOf(relative, layout),
    };
    yield* imageFolderItems(tree, options, context);
  },
});
