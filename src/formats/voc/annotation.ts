/** Annotations of Pascal VOC: the objects of one XML file. */

import { InputError } from "../../core/errors.js";
import type { Json } from "../../core/input/input.js";
import type { RegionList } from "../annotations/region-list.js";
import { cornersOf, rotated } from "../datasets/shapes.js";
import { childOf, childText, type XmlElement } from "../xml/elements.js";
import { jsonOfChildren } from "../xml/json.js";

/** How coordinates count pixels. */
export type VocPixels = "auto" | "one-based" | "zero-based";

/** Notes on how an annotation was read. */
export const vocNotes = {
  zeroBased: "VOC: coordinates have fractions or 0, so they were read as zero-based",
  guess: "VOC: the size does not say how the image is turned; the option orientation decides",
  masks: "VOC: the segmentation masks were not read",
} as const;

/** Fields of an object that are 0 or 1. */
const flags = new Set(["truncated", "difficult", "occluded"]);

/** Reads the size that a file declares. */
export function vocSize(root: XmlElement): { width: number; height: number } | undefined {
  const size = childOf(root, "size");
  const [width, height] = [Number(childText(size, "width")), Number(childText(size, "height"))];
  return width > 0 && height > 0 ? { width, height } : undefined;
}

/**
 * Decides how a file counts pixels. A file that Sluice wrote says it. One that names PASCAL VOC as its source is one-based. Otherwise fractions and 0 show the zero-based
 * coordinates of labelImg, CVAT and Datumaro; without them the file is one-based, as VOC defines.
 */
export function vocPixels(root: XmlElement, choice: VocPixels): "one-based" | "zero-based" {
  if (choice !== "auto") return choice;
  const own = root.attributes.get("pixels");
  if (own === "one-based" || own === "zero-based") return own;
  const source = childOf(root, "source");
  const names = [childText(source, "database"), childText(source, "annotation")];
  if (names.some((name) => name !== undefined && /\bVOC\s*\d*\b/i.test(name))) return "one-based";
  return boxesIn(root).some((box) => box.children.some(({ text }) => text.includes(".") || Number(text) === 0))
    ? "zero-based"
    : "one-based";
}

function boxesIn(element: XmlElement): XmlElement[] {
  return element.children.flatMap((child) =>
    child.name === "bndbox" ? [child] : child.name === "object" || child.name === "part" ? boxesIn(child) : [],
  );
}

/** Adds the objects of a file, and their parts, to a list of regions in pixels. @throws {InputError} ERR_LABEL */
export function addVocObjects(
  root: XmlElement,
  regions: RegionList,
  pixels: "one-based" | "zero-based",
  file: string,
): void {
  const first = pixels === "one-based" ? 1 : 0;
  let number = 0;
  for (const object of root.children) {
    if (object.name !== "object") continue;
    number += 1;
    const parts = object.children.filter(({ name }) => name === "part");
    const info: Record<string, Json> = infoOf(object);
    if (parts.length > 0) info.object = number;
    addObject(object, regions, first, info, `${file}:${object.line}`);
    for (const part of parts)
      addObject(part, regions, first, { ...infoOf(part), partOf: number }, `${file}:${part.line}`);
  }
}

function addObject(
  object: XmlElement,
  regions: RegionList,
  first: number,
  info: Record<string, Json>,
  place: string,
): void {
  const name = childText(object, "name");
  if (name === undefined) throw new InputError("ERR_LABEL", `${place}: the ${object.name} has no name`);
  const rest = { concepts: [{ id: name }], ...(Object.keys(info).length > 0 && { info: { voc: info } }) };
  const place_ = `${place}: ${object.name} ${JSON.stringify(name)}`;
  const polygon = childOf(object, "polygon");
  const box = childOf(object, "bndbox");
  const turnedBox = childOf(object, "robndbox");
  if (polygon) regions.addPolygon(polygonOf(polygon, first, place), place_, rest);
  else if (turnedBox) regions.addPolygon(turned(turnedBox, place), place_, rest);
  else if (box) {
    const [xMin, yMin, xMax, yMax] = ["xmin", "ymin", "xmax", "ymax"].map((side) => numberOf(box, side, place)) as [
      number,
      number,
      number,
      number,
    ];
    regions.addBox(xMin - first, yMin - first, xMax, yMax, place_, rest);
  } else throw new InputError("ERR_LABEL", `${place_} has no bndbox`);
}

/** Reads a polygon as Roboflow writes it (x1, y1, x2 …), or as a list of `pt`. */
function polygonOf(polygon: XmlElement, first: number, place: string): [number, number][] {
  const points = polygon.children.filter(({ name }) => name === "pt" || name === "point");
  if (points.length > 0)
    return points.map((point) => [numberOf(point, "x", place) - first, numberOf(point, "y", place) - first]);
  const corners: [number, number][] = [];
  for (let index = 1; childOf(polygon, `x${index}`); index += 1)
    corners.push([numberOf(polygon, `x${index}`, place) - first, numberOf(polygon, `y${index}`, place) - first]);
  return corners;
}

/** Reads a rotated box of roLabelImg: center, size, and an angle in radians. */
function turned(box: XmlElement, place: string): [number, number][] {
  const [x, y, width, height, angle] = ["cx", "cy", "w", "h", "angle"].map((name) => numberOf(box, name, place)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const corners = cornersOf(x - width / 2, y - height / 2, x + width / 2, y + height / 2);
  return rotated(corners, [x, y], (angle * 180) / Math.PI);
}

function numberOf(element: XmlElement, name: string, place: string): number {
  const text = childText(element, name);
  const value = text === undefined ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  const found = text === undefined ? "is missing" : `is ${JSON.stringify(text)}, which is not a number`;
  throw new InputError("ERR_LABEL", `${place}: ${name} of ${element.name} ${found}`);
}

/** Collects what an object says beside its name, box and parts. */
function infoOf(object: XmlElement): Record<string, Json> {
  const known = new Set(["name", "bndbox", "part"]);
  if (childOf(object, "polygon") ?? childOf(object, "robndbox")) known.delete("bndbox"); // the box around the shape is carried
  const info = jsonOfChildren(object.children.filter(({ name }) => !known.has(name) && name !== "polygon"));
  for (const flag of flags) if (info[flag] === "0" || info[flag] === "1") info[flag] = Number(info[flag]);
  return info;
}

/** Collects what a file says beside its objects and the size in pixels. */
export function vocMetadata(root: XmlElement, hasOwnName: boolean): Record<string, Json> | undefined {
  const rest = root.children.filter(
    ({ name }) => name !== "object" && name !== "size" && !(hasOwnName && name === "filename"),
  );
  const facts = jsonOfChildren(rest);
  const depth = childText(childOf(root, "size"), "depth");
  if (depth !== undefined) facts.depth = Number.isFinite(Number(depth)) ? Number(depth) : depth;
  return Object.keys(facts).length > 0 ? facts : undefined;
}
