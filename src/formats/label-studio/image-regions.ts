/** Regions of images: converts percentages, rotated rectangles, ellipses and brush masks. */

import { InputError } from "../../core/errors.js";
import type { Annotation, Json } from "../../core/input/input.js";
import type { RegionList } from "../annotations/region-list.js";
import type { PixelFrame } from "../datasets/frame.js";
import { cornersOf, ellipseOf, rotated, shapeNotes } from "../datasets/shapes.js";
import { bitmapOf, maskOf } from "../masks/bitmap.js";
import { decodeBrush } from "./brush-rle.js";
import type { Region } from "./results.js";

type Point = [number, number];

/** Notes on how regions were read. */
export const imageNotes = {
  open: "Label Studio: an open line has no area; it is in the metadata, not among the regions",
  rotation: "Label Studio: the rotation of the image in the editor was not applied",
  unknown: "Label Studio: a region of an unknown kind is in the metadata, not among the regions",
} as const;

/** What could not become a region. */
export interface LeftOver {
  others: Json[];
  notes: Set<string>;
}

/** Adds the regions of an image. Coordinates of `regions` are shares. @throws {InputError} ERR_LABEL, ERR_MASK */
export async function addImageRegions(
  list: readonly Region[],
  regions: RegionList,
  frame: PixelFrame,
): Promise<LeftOver> {
  const left: LeftOver = { others: [], notes: new Set() };
  for (const region of list) {
    if (region.info.image_rotation !== undefined) left.notes.add(imageNotes.rotation);
    await addRegion(region, regions, frame, left);
  }
  return left;
}

async function addRegion(region: Region, regions: RegionList, frame: PixelFrame, left: LeftOver): Promise<void> {
  const { value, name } = region;
  if (Array.isArray(value.rle)) {
    const bitmap = decodeBrush(value.rle as number[], region.originalWidth, region.originalHeight, name);
    regions.add({ ...restOf(region), mask: await maskOf(bitmap, frame) });
  } else if (typeof value.imageDataURL === "string") {
    const base64 = value.imageDataURL.replace(/^data:[^,]*,/, "");
    regions.add({ ...restOf(region), mask: await maskOf(await bitmapOf(base64), frame) });
  } else if (Array.isArray(value.points) && value.vertices === undefined) {
    if (value.closed === false) keep(region, imageNotes.open, left);
    else
      regions.addPolygon(
        value.points.map((point) => pointOf(point, name)),
        name,
        restOf(region),
      );
  } else if (value.radiusX !== undefined) {
    left.notes.add(shapeNotes.ellipse);
    addEllipse(region, regions, frame);
  } else if (value.x !== undefined && value.width !== undefined && value.height !== undefined)
    addRectangle(region, regions, frame);
  else if (value.x !== undefined) {
    const [x, y] = numbersOf(region, "x", "y") as Point;
    regions.addPoint(x / 100, y / 100, name, restOf(region, value.width === undefined ? {} : { width: value.width }));
  } else keep(region, imageNotes.unknown, left);
}

/** A rectangle turns around its top left corner, in pixels. */
function addRectangle(region: Region, regions: RegionList, frame: PixelFrame): void {
  const { name, value } = region;
  const [x, y, width, height] = numbersOf(region, "x", "y", "width", "height") as [number, number, number, number];
  const rotation =
    value.rotation === undefined || value.rotation === null ? 0 : (numbersOf(region, "rotation")[0] as number);
  if (rotation % 360 === 0)
    regions.addBox(x / 100, y / 100, (x + width) / 100, (y + height) / 100, name, restOf(region));
  else {
    const unit = pixelsOf(region, frame);
    const corners = unit.toPixels(cornersOf(x, y, x + width, y + height));
    const turned = unit.toShares(rotated(corners, corners[0] as Point, rotation));
    regions.addPolygon(turned, name, restOf(region, { rotation, rectangle: { x, y, width, height } }));
  }
}

function addEllipse(region: Region, regions: RegionList, frame: PixelFrame): void {
  const [x, y, radiusX, radiusY] = numbersOf(region, "x", "y", "radiusX", "radiusY") as [
    number,
    number,
    number,
    number,
  ];
  const rotation = typeof region.value.rotation === "number" ? region.value.rotation : 0;
  const unit = pixelsOf(region, frame);
  const [[centerX, centerY], [pixelsX, pixelsY]] = unit.toPixels([
    [x, y],
    [radiusX, radiusY],
  ]) as [Point, Point];
  const points = unit.toShares(ellipseOf([centerX, centerY], pixelsX, pixelsY, rotation));
  regions.addPolygon(points, region.name, restOf(region, { ellipse: { x, y, radiusX, radiusY, rotation } }));
}

/** Converts percent to pixels, in which angles are right. */
function pixelsOf({ originalWidth, originalHeight }: Region, frame: PixelFrame) {
  const isKnown = originalWidth > 0 && originalHeight > 0;
  const [width, height] = isKnown ? [originalWidth, originalHeight] : [frame.width, frame.height];
  return {
    toPixels: (points: readonly Point[]) => points.map(([x, y]): Point => [(x / 100) * width, (y / 100) * height]),
    toShares: (points: readonly Point[]) => points.map(([x, y]): Point => [x / width, y / height]),
  };
}

function pointOf(point: Json, name: string): Point {
  const isPoint = Array.isArray(point) && point.length === 2 && point.every((part) => typeof part === "number");
  if (isPoint) return [(point[0] as number) / 100, (point[1] as number) / 100];
  throw new InputError("ERR_LABEL", `${name}: ${JSON.stringify(point)} is not a point`);
}

function numbersOf({ value, name }: Region, ...keys: string[]): number[] {
  return keys.map((key) => {
    const number = value[key];
    if (typeof number === "number") return number;
    throw new InputError("ERR_LABEL", `${name}: ${key} is ${JSON.stringify(number ?? null)}, which is not a number`);
  });
}

function keep({ value, info, labels }: Region, note: string, left: LeftOver): void {
  left.others.push({ ...info, value, labels });
  left.notes.add(note);
}

/** Returns what a region has beside its shape. */
export function restOf(
  { labels, info }: Region,
  more: Record<string, Json> = {},
): Pick<Annotation, "concepts" | "info"> {
  const labelStudio = { ...info, ...more };
  const rest: Pick<Annotation, "concepts" | "info"> = { concepts: labels.map((id) => ({ id })) };
  if (Object.keys(labelStudio).length > 0) rest.info = { labelStudio };
  return rest;
}
