/** Shapes of LabelMe: adds them to a list of regions. */

import { InputError } from "../../core/errors.js";
import type { Json } from "../../core/input/input.js";
import { isObject } from "../../core/util/json/json-values.js";
import { omit } from "../../core/util/omit.js";
import type { RegionList } from "../annotations/region-list.js";
import type { PixelFrame } from "../datasets/frame.js";
import { ellipseOf, shapeNotes } from "../datasets/shapes.js";
import { bitmapOf, emptyBitmap, maskOf } from "../masks/bitmap.js";

type Point = [number, number];

/** Notes on how an image was read. */
export const labelMeNotes = {
  line: "LabelMe: a line has no area; it is in the metadata, not among the regions",
  imageData: "LabelMe: the image file is missing; its copy in the JSON file was read",
} as const;

/** A shape of the JSON file, in the unit of pixels. */
interface Shape {
  type: string;
  points: Point[];
  concepts: { id: string }[];
  /** What the shape says beside its type, points and label. */
  info: Record<string, Json>;
  raw: Record<string, Json>;
  name: string;
}

/** Adds the shapes of a file. Returns those without an area, and notes. @throws {InputError} ERR_LABEL */
export async function addShapes(
  shapes: Json | undefined,
  regions: RegionList,
  frame: PixelFrame,
  file: string,
): Promise<{ lines: Json[]; notes: Set<string> }> {
  const lines: Json[] = [];
  const notes = new Set<string>();
  if (shapes !== undefined && !Array.isArray(shapes))
    throw new InputError("ERR_LABEL", `${file}: shapes is not a list`);
  for (const [index, value] of (shapes ?? []).entries()) {
    const shape = shapeOf(value, `${file}: shape ${index}`);
    if (shape.type === "line" || shape.type === "linestrip") {
      lines.push(value);
      notes.add(labelMeNotes.line);
    } else if (shape.type === "mask") await addMask(shape, regions, frame);
    else if (shape.type === "circle") {
      addCircle(shape, regions);
      notes.add(shapeNotes.circle);
    } else addPlain(shape, regions);
  }
  return { lines, notes };
}

function shapeOf(value: Json, name: string): Shape {
  if (!isObject(value)) throw new InputError("ERR_LABEL", `${name} is not an object`);
  const raw = value as Record<string, Json>;
  const { label, points, shape_type: type } = raw;
  if (typeof label !== "string" || label === "") throw new InputError("ERR_LABEL", `${name} has no label`);
  if (!Array.isArray(points) || !points.every(isPoint))
    throw new InputError("ERR_LABEL", `${name} (${JSON.stringify(label)}): points is not a list of [x, y]`);
  const info = Object.fromEntries(
    Object.entries(omit(raw, ["label", "points", "shape_type", "mask"])).filter(([, entry]) => !isEmpty(entry as Json)),
  ) as Record<string, Json>;
  return {
    type: typeof type === "string" ? type : "polygon",
    points: points as Point[],
    concepts: [{ id: label }],
    info,
    raw,
    name: `${name} ${JSON.stringify(label)}`,
  };
}

function isPoint(value: Json): boolean {
  return Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "number");
}

/** Whether a value says nothing: LabelMe writes `group_id: null`, `flags: {}` and `description: ""` for every shape. */
function isEmpty(value: Json): boolean {
  return value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
}

function restOf({ concepts, info }: Shape, more: Record<string, Json> = {}) {
  const labelMe = { ...info, ...more };
  return { concepts, ...(Object.keys(labelMe).length > 0 && { info: { labelMe } }) };
}

function addPlain(shape: Shape, regions: RegionList): void {
  const { type, points, name } = shape;
  if (type === "rectangle" && points.length === 2) {
    const [[x1, y1], [x2, y2]] = points as [Point, Point];
    regions.addBox(Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2), name, restOf(shape));
  } else if (type === "polygon" || type === "rectangle" || type === "rotation") {
    regions.addPolygon(points, name, restOf(shape, type === "polygon" ? {} : { shape_type: type }));
  } else if (type === "point" || type === "points") {
    if (points.length === 0) throw new InputError("ERR_LABEL", `${name}: a point without coordinates`);
    for (const [index, [x, y]] of points.entries())
      regions.addPoint(x, y, name, restOf(shape, points.length > 1 ? { point: index } : {}));
  } else throw new InputError("ERR_LABEL", `${name} has the unknown shape_type ${JSON.stringify(type)}`);
}

/** Adds a circle: its center, and a point on it. */
function addCircle(shape: Shape, regions: RegionList): void {
  const [center, edge] = shape.points;
  if (!center || !edge) throw new InputError("ERR_LABEL", `${shape.name}: a circle has a center and a point on it`);
  const radius = Math.hypot(edge[0] - center[0], edge[1] - center[1]);
  regions.addPolygon(ellipseOf(center, radius, radius), shape.name, restOf(shape, { circle: { center, radius } }));
}

/** Adds a mask: a PNG of the pixels inside the box that its two points span. */
async function addMask(shape: Shape, regions: RegionList, frame: PixelFrame): Promise<void> {
  const { raw, points, name } = shape;
  const [first, second] = points;
  if (typeof raw.mask !== "string" || !first || !second)
    throw new InputError("ERR_LABEL", `${name}: a mask has two points, and a PNG in base64`);
  const part = await bitmapOf(raw.mask);
  const left = Math.round(Math.min(first[0], second[0]));
  const top = Math.round(Math.min(first[1], second[1]));
  const whole = emptyBitmap(frame.width, frame.height, name);
  for (let y = 0; y < part.height; y += 1)
    for (let x = 0; x < part.width; x += 1) {
      if (part.pixels[y * part.width + x] === 0) continue;
      const [toX, toY] = [left + x, top + y];
      if (toX < 0 || toY < 0 || toX >= whole.width || toY >= whole.height)
        throw new InputError(
          "ERR_MASK",
          `${name}: the mask reaches over the edge of the image of ${whole.width} × ${whole.height} pixels`,
        );
      whole.pixels[toY * whole.width + toX] = 1;
    }
  regions.add({ ...restOf(shape), mask: await maskOf(whole, frame) });
}
