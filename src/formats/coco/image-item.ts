/** Makes the item of one image of a COCO file. */

import { basename } from "node:path";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import type { Content, InputDraft, Json } from "../../core/input/input.js";
import { otherShard, type ReadContext, type SourceItem } from "../../core/plugin/source.js";
import { parseJson } from "../../core/util/json/json-text.js";
import { type Frame, frameOf, sizeIn } from "../annotations/frame.js";
import { type ImageFinder, pathOfName } from "../annotations/image-path.js";
import { describePicture, pictureOf } from "../annotations/picture.js";
import { RegionList, type RegionPolicy } from "../annotations/region-list.js";
import { turnedBack } from "../annotations/turn.js";
import type { CocoId } from "./id-table.js";
import { addRegion, type ReadCategory } from "./regions.js";
import type { RawAnnotation } from "./spill.js";

type Fields = { [key: string]: Json };

/** Note of an image whose size does not say which pixels its coordinates are about. */
export const guessNote = "COCO: coordinates taken as those of the stored pixels, which the size cannot tell";

export interface ImageContext {
  /** Path of the file of labels. */
  path: string;
  split: string | undefined;
  finder: ImageFinder;
  categories: ReadonlyMap<CocoId, ReadCategory>;
  licenses: ReadonlyMap<Json, Fields>;
  invalid: RegionPolicy;
  orientation?: Frame | undefined;
  allowOutside: boolean;
  useUrls: boolean;
  /** Whether a function of the user makes the ids. */
  hasOwnIds: boolean;
  datasets: string[];
  /** Whether an image of this id belongs to another shard, and is not opened. */
  isOtherShard?: ReadContext["isOtherShard"];
  idOf(relative: string): string;
  /** Returns the path of an image inside the dataset. */
  relativeOf(path: string): string;
}

/** An image as it is in the file. */
export interface RawImage {
  json: string;
  at: number;
  /** Whether another image has its id, or it has none. */
  isDuplicate: boolean;
}

/** Makes the item of an image. What is wrong with it or its annotations fails it alone. */
export async function itemOfImage(
  raw: RawImage,
  annotations: readonly RawAnnotation[],
  context: ImageContext,
): Promise<SourceItem> {
  let origin = `${context.path} (image at byte ${raw.at})`;
  let shardKey: string | undefined;
  try {
    const image = parsed(raw.json, raw.at, context.path);
    const { file_name: fileName } = image;
    const label = `${context.path}: the image ${JSON.stringify(image.id) ?? `at byte ${raw.at}`}`;
    if (typeof fileName !== "string") throw new InputError("ERR_LABEL", `${label} has no file_name`);
    origin = `${context.path}: ${fileName}`;
    if (raw.isDuplicate) {
      const what = image.id === undefined ? "has no id" : "has the id of another image";
      throw new InputError("ERR_LABEL", `${label} (${fileName}) ${what}`);
    }
    const relative = pathOfName(fileName, { label, allowOutside: context.allowOutside });
    const at = context.finder.find(relative);
    origin = at ?? origin;
    const id = context.idOf(at === undefined ? relative : context.relativeOf(at));
    if (context.isOtherShard && typeof id === "string") {
      if (context.isOtherShard(id)) return { origin, skipped: otherShard };
      shardKey = id;
    }
    const content = await contentOf(image, at, { relative, label }, context);
    const input = await inputOf(image, content, annotations, context);
    input.draft.id = id;
    const item: SourceItem = {
      origin,
      shardKey,
      input: input.draft,
      ...(input.notes.length > 0 && { notes: input.notes }),
    };
    // Only the result of the user's function needs a check of its shape.
    return context.hasOwnIds ? item : { ...item, checked: true };
  } catch (error) {
    if (error instanceof FlowError) return { origin, error, shardKey };
    return { origin, error: new InputError("ERR_ITEM", describeError(error), { cause: error }), shardKey };
  }
}

async function contentOf(
  image: Fields,
  path: string | undefined,
  { relative, label }: { relative: string; label: string },
  { finder, useUrls }: ImageContext,
): Promise<Content> {
  if (path !== undefined) return (await describePicture(path)).content;
  const url = [image.coco_url, image.flickr_url, image.url].find((one) => typeof one === "string" && one !== "");
  if (useUrls && typeof url === "string") {
    const { width, height } = image;
    const size = typeof width === "number" && typeof height === "number" ? { width, height } : {};
    return { url, ...size };
  }
  const hint = url === undefined ? "name the folder of the images" : "name the folder of the images, or useUrls: true";
  throw new InputError(
    "ERR_IMAGE_MISSING",
    `${label} is not there: ${finder.expected(relative)} does not exist; ${hint}`,
  );
}

async function inputOf(
  image: Fields,
  content: Content,
  annotations: readonly RawAnnotation[],
  context: ImageContext,
): Promise<{ draft: InputDraft; notes: string[] }> {
  const { width, height, file_name: fileName, license, ...rest } = image;
  const picture = await pictureOf(content);
  const isDeclared = typeof width === "number" && typeof height === "number" && width > 0 && height > 0;
  const found = frameOf(picture, isDeclared ? { width, height } : undefined, context.orientation, "stored");
  const size = sizeIn(picture, found.frame);
  const orientation = found.frame === "upright" ? picture.orientation : 1;
  const list = new RegionList(size, context.invalid);
  const notes = new Set<string>();
  const captions: Fields[] = [];
  const target = { list, ...size, orientation, categories: context.categories, notes, captions };
  for (const { json, at } of annotations) await addRegion(parsed(json, at, context.path), target);
  list.check();
  if (found.isGuess && list.annotations.length > 0) notes.add(guessNote);
  const name = basename(String(fileName).replaceAll("\\", "/"));
  const coco: Fields = { ...rest, ...size, ...(name !== fileName && { file_name: fileName }) } as Fields;
  if (orientation > 1) coco.frame = "upright";
  if (license !== undefined) coco.license = context.licenses.get(license) ?? license;
  if (captions.length > 0) coco.captions = captions;
  const draft: InputDraft = {
    image: content,
    annotations: orientation > 1 ? list.annotations.map((one) => turnedUnlessMask(one, orientation)) : list.annotations,
    metadata: { filename: name, ...(context.split !== undefined && { split: context.split }), coco },
  };
  if (context.datasets.length > 0) draft.datasets = context.datasets;
  return { draft, notes: [...notes, ...list.notes] };
}

/** The pixels of masks are turned where they are made. */
function turnedUnlessMask(annotation: RegionList["annotations"][number], orientation: number) {
  return annotation.mask ? annotation : turnedBack(annotation, orientation);
}

function parsed(json: string, at: number, path: string): Fields {
  try {
    return parseJson(json) as Fields;
  } catch (error) {
    const token = /[[:,\s](-?(?:NaN|Infinity))\b/.exec(json)?.[1];
    const what =
      token === undefined
        ? describeError(error)
        : `${token} is not JSON; Python writes it for a number that is missing`;
    throw new InputError("ERR_LABEL", `${path}: the element at byte ${at} is not valid: ${what}`, { cause: error });
  }
}
