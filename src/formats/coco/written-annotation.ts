/** Makes the annotation of a COCO file of that of an input. */

import type { Annotation } from "../../core/input/input.js";
import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";
import { joinPolygons } from "../annotations/join-polygons.js";
import { type MaskPixels, maskTurnedBack, pixelsOfMask, scaledMask } from "../annotations/mask-pixels.js";
import { areaOf } from "../annotations/region-list.js";
import { turned } from "../annotations/turn.js";
import { classOf, type LossList, loseOfAnnotation } from "../dataset-folder/losses.js";
import { factsOfMask, runsOfMask, textOfRuns } from "./rle.js";

type Points = (readonly [number, number])[];
type Box = [number, number, number, number];

/** The frame in which an image is written. */
export interface WrittenFrame {
  width: number;
  height: number;
  /** EXIF orientation if annotations are turned to the upright image; else 1. */
  orientation: number;
  /** Whether pixels in `info.coco` are about an image of this size. */
  isOriginalSize: boolean;
}

export interface WrittenAnnotation {
  fields: JsonObject;
  /** Name of the class. */
  concept: string;
  /** The category as the annotation had it in its own file. */
  category: Json | undefined;
}

/** Six digits of a pixel, so that numbers become again what they were. */
function pixel(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** Makes the fields of an annotation; undefined if COCO cannot express it. */
export async function writtenAnnotation(
  annotation: Annotation,
  frame: WrittenFrame,
  losses: LossList,
): Promise<WrittenAnnotation | undefined> {
  const { point, span, concepts, info } = annotation;
  if (point || span) {
    losses.add(point ? "point lost" : "span lost");
    return undefined;
  }
  const concept = concepts[0];
  if (!concept) {
    losses.add("annotation without concept lost");
    return undefined;
  }
  for (const { id } of concepts.slice(1)) losses.add("further concept of an annotation lost", id);
  loseOfAnnotation(annotation, losses, { info: ["coco"] });
  const coco = info?.coco;
  const known: JsonObject = isObject(coco) ? coco : {};
  const { category, segmentation, bbox, area, counts, keypoints, ...rest } = known;
  const own: Own = frame.isOriginalSize ? { segmentation, bbox, area, counts } : { counts };
  const isStale = (segmentation ?? bbox ?? area ?? keypoints) !== undefined && !frame.isOriginalSize;
  if (isStale) losses.add("pixels of another image size lost");
  const fields: JsonObject = { ...rest, ...(await shapeOf(annotation, own, frame, losses)) };
  if (keypoints !== undefined && frame.isOriginalSize) fields.keypoints = keypoints;
  if (keypoints !== undefined && !frame.isOriginalSize) delete fields.num_keypoints;
  return { fields, concept: classOf(concept, losses), category };
}

/** What `info.coco` has of the shape. */
interface Own {
  segmentation?: Json | undefined;
  bbox?: Json | undefined;
  area?: Json | undefined;
  counts?: Json | undefined;
}

async function shapeOf(annotation: Annotation, own: Own, frame: WrittenFrame, losses: LossList): Promise<JsonObject> {
  if (annotation.mask) return maskShape(annotation.mask, own, frame, losses);
  const { box, polygon } = frame.orientation > 1 ? turned(annotation, frame.orientation) : annotation;
  const { width, height } = frame;
  if (polygon) {
    const points: Points = polygon.map(([x, y]) => [pixel(x * width), pixel(y * height)]);
    const parts = partsOf(own.segmentation, points, losses);
    return { segmentation: parts, ...measures(boundsOf(points), areaOf(points), own, frame, losses) };
  }
  if (!box) return own.area === undefined ? {} : { area: own.area };
  const [left, top, right, bottom] = box;
  const written: Box = [left * width, top * height, (right - left) * width, (bottom - top) * height].map(pixel) as Box;
  const { area = pixel(written[2] * written[3]) } = own;
  // Readers of masks ask each annotation for its polygons.
  return { segmentation: [], bbox: written, area };
}

/** Returns the polygons as they were in their file, if the joined polygon is still theirs. */
function partsOf(segmentation: Json | undefined, points: Points, losses: LossList): Json[] {
  if (!Array.isArray(segmentation)) return [points.flat()];
  const parts = segmentation.map((part) => {
    const values = part as number[];
    return values.flatMap((x, at): Points => (at % 2 === 0 ? [[x, values[at + 1] as number]] : []));
  });
  const joined = joinPolygons(parts);
  const isSame =
    joined.length === points.length &&
    joined.every(([x, y], at) => {
      const [u, v] = points[at] as [number, number];
      return Math.abs(x - u) < 1e-3 && Math.abs(y - v) < 1e-3;
    });
  if (isSame) return segmentation;
  losses.add("parts of a changed polygon lost");
  return [points.flat()];
}

async function maskShape(
  mask: NonNullable<Annotation["mask"]>,
  own: Own,
  frame: WrittenFrame,
  losses: LossList,
): Promise<JsonObject> {
  const { width, height, orientation } = frame;
  if ("url" in mask) {
    losses.add("mask at a URL lost", mask.url);
    return {};
  }
  const found = await pixelsOfMask(mask);
  // To turn by an orientation is to turn back by its inverse.
  const upright: MaskPixels =
    orientation > 1 ? maskTurnedBack(found, { 6: 8, 8: 6 }[orientation] ?? orientation) : found;
  const isScaled = upright.width !== width || upright.height !== height;
  if (isScaled) losses.add("mask scaled to the size of its image");
  const { pixels } = isScaled ? scaledMask(upright, { width, height }) : upright;
  const runs = runsOfMask(pixels, width, height);
  const facts = factsOfMask(pixels, width, height);
  const counts = own.counts === "list" ? runs : textOfRuns(runs);
  return { segmentation: { size: [height, width], counts }, ...measures(facts.bbox, facts.area, own, frame, losses) };
}

/** Share of the image by which a box in `info.coco` may differ from the bounds of its region. */
const maxDifference = 0.05;

/** Returns the box and the area as they were in their file, or as they follow from the region. */
function measures(bounds: Box, area: number, own: Own, frame: WrittenFrame, losses: LossList): JsonObject {
  const box = own.bbox as number[] | undefined;
  const isNear = box?.every((value, at) => {
    const most = (at % 2 === 0 ? frame.width : frame.height) * maxDifference;
    return Math.abs(value - (bounds[at] as number)) <= most;
  });
  if (box && !isNear) losses.add("box that does not fit its region lost", JSON.stringify(box));
  return { bbox: isNear ? (box as number[]) : bounds.map(pixel), area: own.area ?? pixel(area) };
}

function boundsOf(points: Points): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right - left, bottom - top];
}
