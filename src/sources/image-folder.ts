/** Source: an image folder, with classes as folders or a metadata file. */

import { posix } from "node:path";
import * as z from "zod";
import { SourceError } from "../core/errors.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { ReadContext, SourceItem } from "../core/plugin/source.js";
import { annotationOptionFields } from "../formats/annotations/source-options.js";
import { insideOf, isFile, missingImage } from "../formats/datasets/files.js";
import { imageItem, itemError } from "../formats/datasets/image-item.js";
import { classesOf, classOf, type ImageFolderLayout, layoutOf, splitOf } from "../formats/image-folder/layout.js";
import { type MetadataRow, metadataRows } from "../formats/image-folder/metadata.js";
import { fileNameOf, otherColumns, RowReader, textOf } from "../formats/image-folder/row.js";

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
type Checked = z.output<typeof Options> & Pick<ReadContext, "isOtherShard"> & { root: string };

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
  from: ({ root }) => root,
  classes({ root, classes }) {
    if (classes) return classes;
    const layout = layoutOf(root);
    const names = layout.metadata.length > 0 ? [] : classesOf(layout);
    return names.length > 0 ? names : undefined;
  },
  async *read(checked, { signal, isOtherShard }) {
    const options = { ...checked, isOtherShard };
    const { root } = options;
    const layout = layoutOf(root);
    if (layout.parquet.length > 0) {
      const text = `imageFolder: ${root}/${layout.parquet[0]} is not read; convert it to metadata.jsonl`;
      throw new SourceError("ERR_FOLDER_FORMAT", text);
    }
    const used = new Set<string>();
    for (const metadata of layout.metadata) {
      for await (const row of metadataRows(`${root}/${metadata}`)) {
        if (signal.aborted) return;
        yield rowItem(row, metadata, layout, used, options);
      }
    }
    const hasClasses =
      options.labels === undefined
        ? layout.metadata.length === 0 && classesOf(layout).length > 0
        : options.labels === "folder";
    for (const relative of layout.images) {
      if (signal.aborted) return;
      if (used.has(relative)) continue;
      const path = `${root}/${relative}`;
      const name = hasClasses ? classOf(relative, layout) : undefined;
      const image = { origin: path, relative, content: { path }, split: splitOf(relative, layout) };
      yield imageItem(image, root, options, () => ({ concepts: name === undefined ? [] : [{ id: name }] }));
    }
  },
});

async function rowItem(
  row: MetadataRow,
  metadata: string,
  layout: ImageFolderLayout,
  used: Set<string>,
  options: Checked,
): Promise<SourceItem> {
  const { place } = row;
  if ("error" in row) return { origin: place, error: row.error };
  const { root } = options;
  const { columns } = row;
  try {
    const name = fileNameOf(columns, place);
    const folder = posix.dirname(metadata);
    const relative = insideOf(root, folder === "." ? "" : folder, name);
    if (relative === undefined || !isFile(`${root}/${relative}`))
      throw missingImage(place, name, relative === undefined ? [] : [`${root}/${relative}`]);
    used.add(relative);
    const path = `${root}/${relative}`;
    const image = { origin: path, relative, content: { path }, split: splitOf(relative, layout) };
    return await imageItem(image, root, options, (labeled) => {
      const frame = labeled.frame(undefined, place);
      const regions = labeled.regions(frame);
      const reader = new RowReader(options.classes, place);
      reader.addObjects(columns.objects, regions);
      const folderClass = options.labels === "folder" ? classOf(relative, layout) : undefined;
      const concepts = [...reader.concepts(columns), ...(folderClass === undefined ? [] : [{ id: folderClass }])];
      const own = otherColumns(columns, options.text);
      return { regions, frame, concepts, text: textOf(columns, options.text), metadata: own, notes: reader.notes };
    });
  } catch (error) {
    return { origin: place, error: itemError(error) };
  }
}
