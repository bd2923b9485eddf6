/** Regions as results of Label Studio: in percent of the upright image. */

import type { Annotation, Json } from "../../core/input/input.js";
import { isObject } from "../../core/util/json/json-values.js";
import type { Picture } from "../annotations/picture.js";
import { turned } from "../annotations/turn.js";
import { classOf, type LossList, loseOfAnnotation } from "../dataset-folder/losses.js";
import { shortNumber } from "../datasets/boxes.js";
import { cornersOf, ellipseOf, rotated } from "../datasets/shapes.js";
import { uprightBitmapOf } from "../masks/bitmap.js";
import { encodeBrush } from "./brush-rle.js";

type Point = [number, number];
type Fields = Record<string, Json>;

/** A region in the form of Label Studio. */
interface Shape {
  type: "rectanglelabels" | "polygonlabels" | "keypointlabels" | "brushlabels" | "ellipselabels";
  value: Fields;
}

/** Keys of `info.labelStudio` that a result has by itself. */
const ownKeys = ["id", "score", "parentID", "meta", "readonly", "hidden", "from_name", "to_name"];
/** Keys that give the shape, which is written anew. */
const shapeKeys = ["rotation", "rectangle", "ellipse", "width", "image_rotation"];

/** Makes the result of an annotation; undefined if it has no region, whose loss is added. @throws {InputError} ERR_MASK */
export async function resultOf(
  annotation: Annotation,
  index: number,
  picture: Picture,
  losses: LossList,
): Promise<Fields | undefined> {
  loseOfAnnotation(annotation, losses, { info: ["labelStudio"] });
  const own = annotation.info?.labelStudio;
  const info: Fields = isObject(own) ? (own as Fields) : {};
  const shape = await shapeOf(annotation, info, picture, losses);
  if (!shape) return undefined;
  const { type, value } = shape;
  const labels = annotation.concepts.map((concept) => classOf(concept, losses));
  for (const [key, fact] of Object.entries(info))
    if (!ownKeys.includes(key) && !shapeKeys.includes(key))
      losses.add("answer about a region lost", `${key}: ${JSON.stringify(fact)}`);
  const kept = Object.fromEntries(
    ownKeys.filter((key) => info[key] !== undefined).map((key) => [key, info[key] as Json]),
  );
  return {
    ...{ id: `region-${index + 1}`, from_name: type.replace("labels", ""), to_name: "image" },
    ...kept,
    type: labels.length > 0 ? type : type.replace("labels", ""),
    ...{ original_width: picture.uprightWidth, original_height: picture.uprightHeight, image_rotation: 0 },
    value: labels.length > 0 ? { ...value, [type]: labels } : value,
  };
}

async function shapeOf(
  annotation: Annotation,
  info: Fields,
  picture: Picture,
  losses: LossList,
): Promise<Shape | undefined> {
  const { uprightWidth: width, uprightHeight: height, orientation } = picture;
  if (annotation.mask) {
    if ("url" in annotation.mask) {
      losses.add("mask lost", annotation.mask.url);
      return undefined;
    }
    const bitmap = await uprightBitmapOf(annotation, orientation);
    if (bitmap.width !== width || bitmap.height !== height) {
      losses.add("mask of another size than its image lost", `${bitmap.width} × ${bitmap.height}`);
      return undefined;
    }
    return { type: "brushlabels", value: { format: "rle", rle: encodeBrush(bitmap) } };
  }
  const { box, polygon, point, span } = turned(annotation, orientation);
  if (box) return { type: "rectanglelabels", value: { ...rectangle(box), rotation: 0 } };
  if (point)
    return {
      type: "keypointlabels",
      value: { x: percent(point[0]), y: percent(point[1]), width: typeof info.width === "number" ? info.width : 0.5 },
    };
  if (polygon)
    return orientation === 1
      ? (rotatedBox(polygon, info, width, height) ?? ellipse(polygon, info, width, height) ?? plainPolygon(polygon))
      : plainPolygon(polygon);
  losses.add(
    span ? "span lost" : "annotation without a region lost",
    annotation.concepts.map(({ id }) => id).join(", "),
  );
  return undefined;
}

function plainPolygon(polygon: readonly Point[]): Shape {
  return { type: "polygonlabels", value: { points: polygon.map(([x, y]) => [percent(x), percent(y)]), closed: true } };
}

function rectangle([xMin, yMin, xMax, yMax]: readonly [number, number, number, number]): Fields {
  return { x: percent(xMin), y: percent(yMin), width: percent(xMax - xMin), height: percent(yMax - yMin) };
}

/** Writes a polygon as the rotated rectangle that it was read from, if it still has its corners. */
function rotatedBox(
  polygon: readonly Point[],
  { rotation, rectangle: from }: Fields,
  width: number,
  height: number,
): Shape | undefined {
  if (typeof rotation !== "number" || !isObject(from)) return undefined;
  const { x, y, width: w, height: h } = from as Record<string, number>;
  const pixels = cornersOf(
    ...([x, y, Number(x) + Number(w), Number(y) + Number(h)] as [number, number, number, number]),
  ).map(toPixels(width, height));
  const corners = rotated(pixels, pixels[0] as Point, rotation).map(toShares(width, height));
  return isSame(corners, polygon) ? { type: "rectanglelabels", value: { ...(from as Fields), rotation } } : undefined;
}

function ellipse(
  polygon: readonly Point[],
  { ellipse: from }: Fields,
  width: number,
  height: number,
): Shape | undefined {
  if (!isObject(from)) return undefined;
  const { x, y, radiusX, radiusY, rotation = 0 } = from as Record<string, number>;
  const [center, radii] = [[x, y] as Point, [radiusX, radiusY] as Point].map(toPixels(width, height)) as [Point, Point];
  const corners = ellipseOf(center, radii[0], radii[1], rotation).map(toShares(width, height));
  return isSame(corners, polygon) ? { type: "ellipselabels", value: from as Fields } : undefined;
}

function toPixels(width: number, height: number) {
  return ([x, y]: Point): Point => [(x / 100) * width, (y / 100) * height];
}

function toShares(width: number, height: number) {
  return ([x, y]: Point): Point => [x / width, y / height];
}

function isSame(one: readonly Point[], other: readonly Point[]): boolean {
  return (
    one.length === other.length &&
    one.every(
      ([x, y], index) => Math.abs(x - (other[index]?.[0] ?? 9)) < 1e-6 && Math.abs(y - (other[index]?.[1] ?? 9)) < 1e-6,
    )
  );
}

function percent(share: number): number {
  return shortNumber(share * 100, 10);
}
