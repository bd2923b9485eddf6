/** Shapes of "CVAT for images 1.1": adds the elements of one image to a list of regions. */

import { InputError } from "../../core/errors.js";
import type { Json } from "../../core/input/input.js";
import type { RegionList } from "../annotations/region-list.js";
import type { PixelFrame } from "../datasets/frame.js";
import { cornersOf, ellipseOf, rotated, shapeNotes } from "../datasets/shapes.js";
import { type Bitmap, emptyBitmap, maskOf } from "../masks/bitmap.js";
import type { XmlElement } from "../xml/elements.js";
import { jsonOfElement } from "../xml/json.js";

type Point = [number, number];

/** Notes on how an image was read. */
export const cvatNotes = {
  polyline: "CVAT: a polyline has no area; it is in the metadata, not among the regions",
  cuboid: "CVAT: a cuboid is in the metadata, not among the regions",
  unknown: "CVAT: an element of an unknown kind is in the metadata, not among the regions",
  outside: "CVAT: a point of a skeleton that is outside is in the metadata, not among the regions",
} as const;

/** What an image's element says. */
export interface CvatImage {
  concepts: { id: string }[];
  /** Tags with more than a label. */
  tags: Json[];
  /** Elements that have no region. */
  others: Json[];
  notes: Set<string>;
}

/** Attributes that give the place or the label, and those that say nothing at these values. */
const placing = new Set([
  "label",
  "xtl",
  "ytl",
  "xbr",
  "ybr",
  "points",
  "rle",
  "left",
  "top",
  "width",
  "height",
  "cx",
  "cy",
  "rx",
  "ry",
]);
const silent: Record<string, string> = { occluded: "0", z_order: "0", outside: "0", rotation: "0.0" };

/** Adds the shapes and tags of an image. Coordinates have the unit of pixels. @throws {InputError} ERR_LABEL, ERR_MASK */
export async function addCvatShapes(
  image: XmlElement,
  regions: RegionList,
  frame: PixelFrame,
  file: string,
): Promise<CvatImage> {
  const found: CvatImage = { concepts: [], tags: [], others: [], notes: new Set() };
  for (const [index, element] of image.children.entries())
    await addElement(new Shape(element, file), index, regions, frame, found);
  return found;
}

async function addElement(
  shape: Shape,
  index: number,
  regions: RegionList,
  frame: PixelFrame,
  found: CvatImage,
): Promise<void> {
  const { element } = shape;
  switch (element.name) {
    case "tag":
      found.concepts.push(...shape.concepts);
      if (Object.keys(shape.info()).length > 0) found.tags.push({ label: shape.label, ...shape.info() });
      break;
    case "box":
      addBox(shape, regions);
      break;
    case "polygon":
      regions.addPolygon(shape.points("points"), shape.name, shape.rest());
      break;
    case "points":
      addPoints(shape, regions, {});
      break;
    case "ellipse":
      addEllipse(shape, regions);
      found.notes.add(shapeNotes.ellipse);
      break;
    case "mask":
      regions.add({ ...shape.rest(), mask: await maskOf(maskBitmap(shape, frame), frame) });
      break;
    case "skeleton":
      addSkeleton(shape, index, regions, found);
      break;
    default:
      found.others.push({ kind: element.name, ...(jsonOfElement(element) as Record<string, Json>) });
      found.notes.add(
        element.name === "polyline"
          ? cvatNotes.polyline
          : element.name === "cuboid"
            ? cvatNotes.cuboid
            : cvatNotes.unknown,
      );
  }
}

function addBox(shape: Shape, regions: RegionList): void {
  const [x1, y1, x2, y2] = shape.numbers("xtl", "ytl", "xbr", "ybr") as [number, number, number, number];
  const [rotation] = shape.element.attributes.has("rotation") ? (shape.numbers("rotation") as [number]) : [0];
  if (rotation === 0) regions.addBox(x1, y1, x2, y2, shape.name, shape.rest());
  else {
    const corners = rotated(cornersOf(x1, y1, x2, y2), [(x1 + x2) / 2, (y1 + y2) / 2], rotation);
    regions.addPolygon(corners, shape.name, shape.rest({ rotation, box: [x1, y1, x2, y2] }));
  }
}

function addEllipse(shape: Shape, regions: RegionList): void {
  const [cx, cy, rx, ry] = shape.numbers("cx", "cy", "rx", "ry") as [number, number, number, number];
  const [rotation] = shape.element.attributes.has("rotation") ? (shape.numbers("rotation") as [number]) : [0];
  regions.addPolygon(
    ellipseOf([cx, cy], rx, ry, rotation),
    shape.name,
    shape.rest({ ellipse: { cx, cy, rx, ry, rotation } }),
  );
}

function addPoints(shape: Shape, regions: RegionList, more: Record<string, Json>): void {
  const points = shape.points("points");
  for (const [index, [x, y]] of points.entries())
    regions.addPoint(x, y, shape.name, shape.rest({ ...more, ...(points.length > 1 && { point: index }) }));
}

/** Adds the points of a skeleton, each with its own label, and the label and number of the skeleton in `info`. */
function addSkeleton(skeleton: Shape, index: number, regions: RegionList, found: CvatImage): void {
  const own = { skeleton: { label: skeleton.label, number: index, ...skeleton.info() } };
  for (const child of skeleton.element.children) {
    if (child.name === "attribute") continue;
    const shape = new Shape(child, skeleton.file);
    if (child.attributes.get("outside") === "1") {
      found.others.push({ kind: "points", ...own, ...(jsonOfElement(child) as Record<string, Json>) });
      found.notes.add(cvatNotes.outside);
    } else if (child.name === "points") addPoints(shape, regions, own);
    else throw new InputError("ERR_LABEL", `${shape.name}: a skeleton has points, and this is ${child.name}`);
  }
}

/** Decodes the runs of a mask: pixels outside and inside by turns, row by row in the rectangle of the mask. */
function maskBitmap(shape: Shape, frame: PixelFrame): Bitmap {
  const [left, top, width, height] = shape.numbers("left", "top", "width", "height") as [
    number,
    number,
    number,
    number,
  ];
  const bitmap = emptyBitmap(frame.width, frame.height, shape.name);
  const isInside =
    left >= 0 && top >= 0 && width > 0 && height > 0 && left + width <= frame.width && top + height <= frame.height;
  if (!isInside)
    throw new InputError(
      "ERR_MASK",
      `${shape.name}: the mask lies outside of the image of ${frame.width} × ${frame.height} pixels`,
    );
  const runs = (shape.element.attributes.get("rle") ?? "").split(",").map((text) => Number(text.trim()));
  let position = 0;
  for (const [index, run] of runs.entries()) {
    if (!Number.isInteger(run) || run < 0 || position + run > width * height)
      throw new InputError("ERR_MASK", `${shape.name}: rle does not fit ${width} × ${height} pixels`);
    if (index % 2 === 1)
      for (let at = position; at < position + run; at += 1)
        bitmap.pixels[(top + Math.floor(at / width)) * frame.width + left + (at % width)] = 1;
    position += run;
  }
  if (position !== width * height)
    throw new InputError("ERR_MASK", `${shape.name}: rle has ${position} pixels, not ${width} × ${height}`);
  return bitmap;
}

/** An element with its label and place. */
class Shape {
  readonly element: XmlElement;
  readonly file: string;
  readonly #place: string;

  constructor(element: XmlElement, file: string) {
    this.element = element;
    this.file = file;
    this.#place = `${file}:${element.line}`;
  }

  /** The label; empty for a shape without one, which becomes a region without a concept. */
  get label(): string {
    return this.element.attributes.get("label") ?? "";
  }

  get concepts(): { id: string }[] {
    return this.label === "" ? [] : [{ id: this.label }];
  }

  get name(): string {
    return `${this.#place}: ${this.element.name} ${JSON.stringify(this.label)}`;
  }

  numbers(...names: string[]): number[] {
    return names.map((name) => {
      const text = this.element.attributes.get(name);
      const value = text === undefined || text.trim() === "" ? Number.NaN : Number(text);
      if (Number.isFinite(value)) return value;
      throw new InputError(
        "ERR_LABEL",
        `${this.name}: ${name} is ${JSON.stringify(text ?? null)}, which is not a number`,
      );
    });
  }

  points(name: string): Point[] {
    const text = this.element.attributes.get(name) ?? "";
    return text.split(";").map((pair): Point => {
      const [x = Number.NaN, y = Number.NaN, ...more] = pair
        .split(",")
        .map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
      if (Number.isFinite(x) && Number.isFinite(y) && more.length === 0) return [x, y];
      throw new InputError("ERR_LABEL", `${this.name}: ${JSON.stringify(pair)} is not a point x,y`);
    });
  }

  /** What the element says beside its place and label. */
  info(): Record<string, Json> {
    const { attributes, children } = this.element;
    const facts = [...attributes]
      .filter(([name, value]) => !placing.has(name) && silent[name] !== value)
      .map(([name, value]): [string, Json] => [name, factOf(name, value)]);
    const values = children
      .filter(({ name }) => name === "attribute")
      .map(({ attributes: own, text }) => [own.get("name") ?? "", text]);
    return {
      ...Object.fromEntries(facts),
      ...(values.length > 0 && { attributes: Object.fromEntries(values) as Json }),
    };
  }

  rest(more: Record<string, Json> = {}) {
    const cvat = { ...this.info(), ...more };
    return { concepts: this.concepts, ...(Object.keys(cvat).length > 0 && { info: { cvat } }) };
  }
}

function factOf(name: string, value: string): Json {
  return /^(?:occluded|outside|z_order|group_id)$/.test(name) && /^-?\d+$/.test(value) ? Number(value) : value;
}
