/** Source: the images and shapes of LabelMe. */

import { readFileSync } from "node:fs";
import { posix } from "node:path";
import * as z from "zod";
import { InputError } from "../core/errors.js";
import type { Json } from "../core/input/input.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { SourceItem } from "../core/plugin/source.js";
import { isObject } from "../core/util/json/json-values.js";
import { omit } from "../core/util/omit.js";
import { annotationOptionFields } from "../formats/annotations/source-options.js";
import {
  filesBelow,
  insideOf,
  isFile,
  isImageName,
  lastPart,
  missingImage,
  stemOf,
} from "../formats/datasets/files.js";
import { type DatasetImage, type ItemOptions, imageItem, itemError } from "../formats/datasets/image-item.js";
import { readLabelJson } from "../formats/datasets/label-json.js";
import { splitOfPath } from "../formats/datasets/splits.js";
import { addShapes, labelMeNotes } from "../formats/label-me/shapes.js";

const Options = z.strictObject(annotationOptionFields);
/** Options of `labelMe`. */
export type LabelMeOptions = OptionsOf<typeof annotationOptionFields>;
type Checked = ItemOptions & { root: string };

/**
 * Reads a folder of LabelMe: one JSON file an image, at any depth, and the images beside them.
 *
 * Rectangles become boxes; polygons, points and masks keep their form; a circle becomes a polygon of 64 corners, with center and radius in `info.labelMe`. A line
 * has no area: it is kept in `metadata.labelMe.lines`. Flags of the image that are set become concepts. What else a shape says (group_id, flags, description) is in
 * `info.labelMe`, and what else the file says in `metadata.labelMe`. The report counts circles and lines as notes.
 *
 * The image is the file that `imagePath` names, else that of the same name beside the JSON file, else the copy inside the JSON file (`imageData`). Yields the images
 * of the JSON files in the order of their names, then the images without one. Coordinates count in the upright pixels, unless the size in the JSON file
 * is that of the stored ones. A folder named train, valid, val, validation or test is the split.
 *
 * A JSON file that is not valid, or without an image, fails alone (ERR_LABEL, ERR_IMAGE_MISSING).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FOLDER_UNREADABLE
 * @example await flow(labelMe("./labelme")).pipe(batch(), upload(app)).run();
 */
export const labelMe = defineSource({
  name: "labelMe",
  parse(path: string, options: LabelMeOptions = {}): Checked {
    checkPath("labelMe", path);
    return { ...parseOptions("labelMe", Options, options), root: path.replace(/(?<=[^/])\/+$/, "") };
  },
  classes({ root }) {
    if (!isFile(`${root}/labels.txt`)) return undefined;
    const names = readFileSync(`${root}/labels.txt`, "utf8")
      .split(/\r?\n/)
      .map((line) => line.trim());
    return names.filter((name) => name !== "" && name !== "__ignore__" && name !== "_background_");
  },
  async *read(checked, { signal, isOtherShard }) {
    const options = { ...checked, isOtherShard };
    const { root } = options;
    const labels: string[] = [];
    const images: string[] = [];
    for (const name of filesBelow(root, "labelMe")) {
      if (/\.json$/i.test(name)) labels.push(name);
      else if (isImageName(name)) images.push(name);
    }
    const byStem = new Map(images.map((name) => [stemOf(name), name]));
    const used = new Set<string>();
    for (const label of labels) {
      if (signal.aborted) return;
      yield labeledImage(label, byStem, used, options);
    }
    for (const relative of images) {
      if (signal.aborted) return;
      if (used.has(relative)) continue;
      const path = `${root}/${relative}`;
      yield imageItem({ origin: path, relative, content: { path }, split: splitOfPath(relative) }, root, options);
    }
  },
});

async function labeledImage(
  label: string,
  byStem: ReadonlyMap<string, string>,
  used: Set<string>,
  options: Checked,
): Promise<SourceItem> {
  const { root } = options;
  const path = `${root}/${label}`;
  const own = byStem.get(stemOf(label));
  try {
    const file = await readLabelJson(path);
    if (file.shapes === undefined && file.imagePath === undefined)
      throw new InputError("ERR_LABEL", `${path} is not a file of LabelMe: it has neither shapes nor imagePath`);
    const image = imageOf(file, label, own, options);
    used.add(image.relative);
    return await imageItem(image, root, options, async (labeled) => {
      const declared = { width: Number(file.imageWidth ?? 0), height: Number(file.imageHeight ?? 0) };
      const frame = labeled.frame(declared, path);
      const regions = labeled.regions(frame);
      const { lines, notes } = await addShapes(file.shapes, regions, frame, path);
      if ("bytes" in image.content) notes.add(labelMeNotes.imageData);
      const facts: Record<string, Json> = omit(file, ["shapes", "imageData", "imagePath", "imageWidth", "imageHeight"]);
      if (lines.length > 0) facts.lines = lines;
      return { regions, frame, concepts: flagsOf(file.flags), metadata: { labelMe: facts }, notes };
    });
  } catch (error) {
    if (own !== undefined) used.add(own); // its labels cannot be read, so it does not count as an image without labels
    return { origin: path, error: itemError(error) };
  }
}

/** Finds the image of a JSON file. @throws {InputError} ERR_IMAGE_MISSING */
function imageOf(file: Record<string, Json>, label: string, own: string | undefined, { root }: Checked): DatasetImage {
  const folder = posix.dirname(label) === "." ? "" : posix.dirname(label);
  const named = typeof file.imagePath === "string" ? file.imagePath : "";
  const candidates = named === "" ? [] : [insideOf(root, folder, named), insideOf(root, folder, lastPart(named))];
  const tried = [...new Set([...candidates, own].filter((one) => one !== undefined))];
  const found = tried.find((one) => isFile(`${root}/${one}`));
  const split = splitOfPath(label);
  if (found !== undefined)
    return { origin: `${root}/${found}`, relative: found, content: { path: `${root}/${found}` }, split };
  if (typeof file.imageData === "string" && file.imageData !== "") {
    const name = named === "" ? `${stemOf(lastPart(label))}.jpg` : lastPart(named);
    const relative = folder === "" ? name : `${folder}/${name}`;
    return { origin: `${root}/${label}`, relative, content: { bytes: Buffer.from(file.imageData, "base64") }, split };
  }
  throw missingImage(
    `${root}/${label}`,
    named,
    tried.map((one) => `${root}/${one}`),
  );
}

/** The flags that are set are concepts of the image. */
function flagsOf(flags: Json | undefined): { id: string }[] {
  if (!isObject(flags)) return [];
  return Object.entries(flags).flatMap(([id, value]) => (value === true && id !== "" ? [{ id }] : []));
}
