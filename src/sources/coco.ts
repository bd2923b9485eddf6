/** Source: the images of a dataset in the format of COCO, with their annotations. */

import { relative, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import * as z from "zod";
import { InputError } from "../core/errors.js";
import { folderName } from "../core/input/ids.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { ReadContext, SourceItem } from "../core/plugin/source.js";
import { ImageFinder } from "../formats/annotations/image-path.js";
import { annotationOptionFields, idOfImage } from "../formats/annotations/source-options.js";
import { type Element, ElementScanner } from "../formats/coco/element-scanner.js";
import { type ImageContext, itemOfImage, type RawImage } from "../formats/coco/image-item.js";
import { type CocoFile, findLayout } from "../formats/coco/layout.js";
import {
  type CocoCategory,
  maxOrphans,
  openCoco,
  readCategories,
  readIndex,
  textOf,
} from "../formats/coco/read-index.js";
import { categoriesById } from "../formats/coco/regions.js";

const optionFields = {
  /** Folder of the images. Default: found beside the labels, in images/, in images/<split>, in <split>/ or in data/. */
  images: z.string().min(1).optional(),
  /** Reads only these splits, such as "train". Default: all. */
  splits: z.array(z.string().min(1)).min(1).optional(),
  /** Takes the address in `coco_url`, `flickr_url` or `url` for an image whose file is missing; the platform then fetches it. Default: false. */
  useUrls: z.boolean().default(false),
  /** Reads images whose names in the file are absolute, or lead out of the folder with "..". Default: false, and such an image fails (ERR_LABEL). */
  allowOutside: z.boolean().default(false),
};
const Options = z.strictObject({ ...annotationOptionFields, ...optionFields });
/** Options of `coco`. */
export type CocoOptions = OptionsOf<typeof annotationOptionFields> & OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options> &
  Pick<ReadContext, "isOtherShard"> & { path: string; passes: Map<string, Promise<readonly CocoCategory[]>> };

/**
 * Reads a dataset in the format of COCO: a JSON file with `images`, `annotations` and `categories`, or a folder with such files in annotations/, with
 * `_annotations.coco.json` in each folder of a split, or with one JSON beside its images. Each image is an input, in the order of the file; an image without annotations, too.
 *
 * Boxes and polygons become boxes and polygons as shares of the stored image; run-length encoded masks, such as those of crowds, become masks with the same
 * pixels. The name of the category is the concept. Everything else of an annotation is in `annotation.info.coco` (id, category, iscrowd, area, keypoints …), and of an image
 * in `metadata.coco`, so that `writeCoco` writes the same dataset again. The polygons of one object are joined to one, and are in `info.coco.segmentation` as they were.
 *
 * Memory stays the same for any number of annotations: they are grouped by image on disk where they are many. Images and annotations may come in any order.
 *
 * An image whose file is missing fails alone (ERR_IMAGE_MISSING), as does one whose size is not that in the labels (ERR_IMAGE_SIZE), and one with an
 * annotation that cannot be read (ERR_LABEL) or lies outside (ERR_BOX, ERR_POLYGON; option `invalid`). An annotation of an image that the file does not list is a failed item of
 * its own. Images in the folder that the file does not list are not read.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE; ERR_LABEL if a file is not JSON, with the position
 * @example await flow(coco("./coco")).pipe(writeYolo("./yolo")).run();
 */
export const coco = defineSource({
  name: "coco",
  parse(path: string, options: CocoOptions = {}): Checked {
    checkPath("coco", path);
    return { ...parseOptions("coco", Options, options, ["splits"]), path, passes: new Map() };
  },
  from: ({ path }) => path,
  async classes({ path, images, splits, passes }, { signal }) {
    const names = new Set<string>();
    await setImmediate(); // a run that reads the source as well begins its first pass now
    for (const { path: file, split } of findLayout(path, images).files) {
      if (!isRead(split, splits)) continue;
      for (const { name } of await (passes.get(file) ?? readCategories(file, signal))) names.add(name);
    }
    return [...names];
  },
  async *read(checked, { signal, isOtherShard }) {
    const options = { ...checked, isOtherShard };
    const { root, files, others } = findLayout(options.path, options.images);
    for (const path of others) yield { origin: path, skipped: "another file of the same split is read" };
    for (const file of files) {
      if (isRead(file.split, options.splits)) yield* readFile(file, root, options, signal);
    }
  },
});

function isRead(split: string | undefined, splits: readonly string[] | undefined): boolean {
  return splits === undefined || (split !== undefined && splits.includes(split));
}

/** Images that are converted at the same time. */
const imagesAtOnce = 16;

async function* readFile(
  { path, split, folders }: CocoFile,
  root: string,
  options: Checked,
  signal: AbortSignal,
): AsyncGenerator<SourceItem[]> {
  const opened = openCoco(path);
  const pass = opened.then((file) => readIndex(file, path, signal));
  // Without it, `classes` scans a file of gigabytes a second time, and the sink that waits for it takes no input meanwhile.
  const categories = pass.then((index) => index.categories);
  categories.catch(() => undefined);
  options.passes.set(path, categories);
  const file = await opened;
  try {
    const index = await pass;
    try {
      const name = folderName(root);
      const whole = resolve(root);
      const context: ImageContext = {
        ...options,
        ...{ path, split, finder: new ImageFinder(folders), hasOwnIds: typeof options.ids === "function" },
        categories: categoriesById(index.categories),
        licenses: new Map(index.licenses.map((license) => [license.id ?? null, license])),
        idOf: (inside) => idOfImage(inside, options.ids, name),
        relativeOf: (at) => relative(whole, resolve(at)).replaceAll("\\", "/"),
      };
      const annotationsOf = index.spill.reader();
      let number = 0;
      for await (const images of imagesOf(file, index.imagesAt, index.duplicates, signal, path)) {
        for (let from = 0; from < images.length; from += imagesAtOnce) {
          const part = images.slice(from, from + imagesAtOnce);
          yield await Promise.all(part.map((image) => itemOfImage(image, annotationsOf(number++), context)));
        }
      }
      for (const { at, imageId } of index.orphans) yield [orphanOf(path, at, imageId)];
      if (index.orphanCount > index.orphans.length) yield [otherOrphans(path, index.orphanCount)];
    } finally {
      index.spill.close();
    }
  } finally {
    options.passes.delete(path);
    await file.close();
  }
}

/** Reads the images again, a group at a time. */
async function* imagesOf(
  file: Awaited<ReturnType<typeof openCoco>>,
  firstAt: number,
  duplicates: ReadonlySet<number>,
  signal: AbortSignal,
  path: string,
): AsyncGenerator<RawImage[]> {
  const scanner = new ElementScanner(file, `coco: ${path}`);
  let number = 0;
  const take = (element: Element): RawImage => ({
    ...{ json: textOf(element), at: element.at },
    isDuplicate: duplicates.has(number++),
  });
  for await (const elements of scanner.groups(firstAt, take, signal)) yield elements;
}

function orphanOf(path: string, at: number, imageId: string): SourceItem {
  const text = `${path}: the annotation at byte ${at} is for the image ${imageId}, which the file does not list`;
  return { origin: `${path} (annotation at byte ${at})`, error: new InputError("ERR_IMAGE_MISSING", text) };
}

function otherOrphans(path: string, count: number): SourceItem {
  const text = `${path}: ${count - maxOrphans} more annotations are for images that the file does not list`;
  return { origin: path, error: new InputError("ERR_IMAGE_MISSING", text) };
}
