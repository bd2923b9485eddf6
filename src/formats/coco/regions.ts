/** Converts annotations of COCO to those of an input. */

import { InputError } from "../../core/errors.js";
import type { Annotation, Json } from "../../core/input/input.js";
import { isObject } from "../../core/util/json/json-values.js";
import { joinPolygons } from "../annotations/join-polygons.js";
import { type MaskPixels, maskOfPixels, maskTurnedBack } from "../annotations/mask-pixels.js";
import type { RegionList } from "../annotations/region-list.js";
import type { CocoId } from "./id-table.js";
import type { CocoCategory } from "./read-index.js";
import { maskFromRuns, runsOfText } from "./rle.js";

type Fields = { [key: string]: Json };
type Points = [number, number][];

/** Note of an object whose parts were joined. */
export const joinedNote = "COCO: the polygons of one object joined to one";

/** What the conversion needs to know of the image. */
export interface RegionContext {
  list: RegionList;
  /** Size of the frame of the coordinates. */
  width: number;
  height: number;
  /** EXIF orientation, if the coordinates are upright; else 1. */
  orientation: number;
  categories: ReadonlyMap<CocoId, ReadCategory>;
  notes: Set<string>;
  captions: Fields[];
}

/** A category, in the forms that annotations share. */
export interface ReadCategory {
  concepts: Annotation["concepts"];
  /** The category without its name, for `info.coco`. */
  info: Fields;
}

/** Prepares the categories of a file. */
export function categoriesById(categories: readonly CocoCategory[]): Map<CocoId, ReadCategory> {
  return new Map(
    categories.map(({ name, ...info }) => [info.id as CocoId, { concepts: [{ id: name }], info: info as Fields }]),
  );
}

/** Adds an annotation to the list of its image. @throws {InputError} ERR_LABEL if its shape is not that of COCO */
export async function addRegion(raw: Fields, context: RegionContext): Promise<void> {
  const { id, category_id, bbox, segmentation, iscrowd, area } = raw;
  const rest = hasMore(raw) ? restOf(raw) : noFields;
  const name = `annotation ${typeof id === "number" ? id : (JSON.stringify(id) ?? "without id")}`;
  const category = context.categories.get(category_id as CocoId);
  // Some tools write a category 0 that the file does not have.
  if (rest.caption !== undefined && !category) {
    context.captions.push({
      ...(id !== undefined && { id }),
      ...(category_id !== undefined && { category_id }),
      ...rest,
    });
    return;
  }
  if (rest.segments_info !== undefined) {
    throw new InputError("ERR_LABEL", `${name}: panoptic segments are not read; name a file of instances`);
  }
  if (!category) {
    const text = `${name}: the category ${JSON.stringify(category_id) ?? "(none)"} is not in the list of categories`;
    throw new InputError("ERR_LABEL", text);
  }
  const known: Fields = id === undefined ? { category: category.info } : { id, category: category.info };
  const info = rest === noFields ? known : { ...known, ...rest };
  if (iscrowd !== undefined && iscrowd !== 0 && iscrowd !== false) info.iscrowd = iscrowd;
  const { list, width, height, orientation, notes } = context;
  const target: Target = { list, width, height, orientation, notes, name, info, concepts: category.concepts };
  const box = boxOf(bbox, name);
  if (isObject(segmentation)) await addMask(segmentation, box, area, target);
  else if (Array.isArray(segmentation) && segmentation.length > 0) addPolygons(segmentation, box, area, target);
  else if (box) addBox(box, area, target);
  else context.list.add({ concepts: category.concepts, info: infoOf(target, area, undefined) });
}

const noFields: Fields = {};
const taken = new Set(["id", "image_id", "category_id", "bbox", "segmentation", "iscrowd", "area"]);

/** Whether an annotation has other fields. A copy without some fields is slow, and few datasets need it. */
function hasMore(raw: Fields): boolean {
  for (const key in raw) if (!taken.has(key)) return true;
  return false;
}

function restOf({ id, image_id, category_id, bbox, segmentation, iscrowd, area, ...rest }: Fields): Fields {
  return rest;
}

interface Target extends Omit<RegionContext, "categories" | "captions"> {
  name: string;
  info: Fields;
  concepts: Annotation["concepts"];
}

function addBox([x, y, width, height]: Box, area: Json | undefined, target: Target): void {
  const info = infoOf(target, area, width * height);
  target.list.addBox(x, y, x + width, y + height, target.name, { concepts: target.concepts, info });
}

function addPolygons(segmentation: Json[], box: Box | undefined, area: Json | undefined, target: Target): void {
  const parts = segmentation.map((part) => pointsOf(part, target.name));
  if (parts.length > 1) {
    target.info.segmentation = segmentation;
    target.notes.add(joinedNote);
  }
  const isJoined = parts.length > 1 && parts.every((part) => part.length >= 3);
  const points = isJoined
    ? (joinPolygons(parts) as Points)
    : (parts.find((part) => part.length < 3) ?? (parts[0] as Points));
  if (box && !isBoundsOf(box, points)) target.info.bbox = box;
  target.list.addPolygon(points, target.name, { concepts: target.concepts, info: infoOf(target, area, undefined) });
}

async function addMask(
  segmentation: Fields,
  box: Box | undefined,
  area: Json | undefined,
  target: Target,
): Promise<void> {
  const { counts, size } = segmentation;
  const { width, height, name } = target;
  if (!Array.isArray(size) || size[0] !== height || size[1] !== width) {
    const text = `${name}: the mask has the size ${JSON.stringify(size)}, and the image has ${height} × ${width}`;
    throw new InputError("ERR_LABEL", `${text} (height × width)`);
  }
  const runs =
    typeof counts === "string" ? runsOfText(counts) : Array.isArray(counts) ? (counts as number[]) : undefined;
  const pixels = runs && maskFromRuns(runs, width, height);
  if (!pixels) throw new InputError("ERR_LABEL", `${name}: the runs of the mask do not cover the image exactly`);
  if (Array.isArray(counts)) target.info.counts = "list";
  if (box) target.info.bbox = box;
  const upright: MaskPixels = { pixels, width, height };
  const stored = target.orientation > 1 ? maskTurnedBack(upright, target.orientation) : upright;
  const mask = await maskOfPixels(stored);
  target.list.add({ mask, concepts: target.concepts, info: infoOf(target, area, undefined) });
}

type Box = [number, number, number, number];

function boxOf(bbox: Json | undefined, name: string): Box | undefined {
  if (bbox === undefined || bbox === null || (Array.isArray(bbox) && bbox.length === 0)) return undefined;
  if (Array.isArray(bbox) && bbox.length === 4 && bbox.every((value) => typeof value === "number")) return bbox as Box;
  throw new InputError("ERR_LABEL", `${name}: bbox is not [x, y, width, height] but ${JSON.stringify(bbox)}`);
}

function pointsOf(part: Json | undefined, name: string): Points {
  const values = Array.isArray(part) ? part : [];
  if (values.length === 0 || values.length % 2 !== 0 || values.some((value) => typeof value !== "number")) {
    throw new InputError("ERR_LABEL", `${name}: a polygon is not [x1, y1, x2, y2, …]`);
  }
  const points: Points = [];
  for (let at = 0; at < values.length; at += 2) points.push([values[at] as number, values[at + 1] as number]);
  return points;
}

/** Whether a box is that of the corners, but for rounding. */
function isBoundsOf([x, y, width, height]: Box, points: Points): boolean {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [px, py] of points) {
    left = Math.min(left, px);
    right = Math.max(right, px);
    top = Math.min(top, py);
    bottom = Math.max(bottom, py);
  }
  return [left - x, top - y, right - left - width, bottom - top - height].every((off) => Math.abs(off) < 1e-6);
}

/** Adds the area to the data of an annotation, unless it is the one that follows from the shape. */
function infoOf({ info }: Target, area: Json | undefined, expected: number | undefined): { coco: Fields } {
  const isExpected = typeof area === "number" && expected !== undefined && Math.abs(area - expected) < 1e-6;
  if (area !== undefined && !isExpected) info.area = area;
  return { coco: info };
}
