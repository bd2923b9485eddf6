/** Archives in the format of COCO: one JSON file with the images of a version, their boxes and polygons, and the concepts as categories. */

import { extname } from "node:path";
import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import type { OutgoingContext } from "../wire/outgoing.js";
import { exportedInput } from "./input-batches.js";
import type { SnapshotInput } from "./snapshot.js";
import type { ZipFile } from "./zip-file.js";

const fileName = "annotations/instances_all.json";

/**
 * Writes the archive. COCO has neither inputs without an image, nor concepts of whole images, nor shapes other than boxes and polygons: these are left out.
 * Regions with several concepts become one annotation for each concept.
 */
export async function writeCoco(
  zip: ZipFile,
  inputs: () => Iterable<SnapshotInput>,
  context: OutgoingContext,
): Promise<void> {
  await zip.add(fileName, pieces(inputs, context));
}

async function* pieces(inputs: () => Iterable<SnapshotInput>, context: OutgoingContext): AsyncGenerator<Buffer, void> {
  const categories = new Map<string, number>();
  yield Buffer.from('{"info":{"description":"dataset version"},"licenses":[],"images":[');
  yield* listOf(inputs(), (input, imageId) => [imageOf(input, imageId, context)]);
  yield Buffer.from('],"annotations":[');
  let count = 0;
  yield* listOf(inputs(), (input, imageId) =>
    annotationsOf(input, context).map((annotation) => {
      count += 1;
      const { concept, ...shape } = annotation;
      const category = categories.get(concept.id) ?? categories.size + 1;
      categories.set(concept.id, category);
      return { id: count, image_id: imageId, category_id: category, ...shape, iscrowd: 0 };
    }),
  );
  const named = [...categories].map(([name, id]) => ({ id, name, supercategory: "" }));
  yield Buffer.from(`],"categories":${JSON.stringify(named)}}`);
}

/** Yields the items of images as JSON, separated by commas. Images are numbered from 1. */
async function* listOf(
  inputs: Iterable<SnapshotInput>,
  itemsOf: (input: SnapshotInput, imageId: number) => JsonObject[],
): AsyncGenerator<Buffer, void> {
  let imageId = 0;
  let separator = "";
  for (const input of inputs) {
    if (input.row.kind !== "image") continue;
    imageId += 1;
    for (const item of itemsOf(input, imageId)) {
      yield Buffer.from(separator + JSON.stringify(item));
      separator = ",";
    }
    if (imageId % 128 === 0) await new Promise<void>((resolve) => setImmediate(resolve)); // requests get their turn
  }
}

function imageOf(input: SnapshotInput, id: number, context: OutgoingContext): JsonObject {
  const { data } = exportedInput(input, context) as { data: { image?: JsonObject } };
  const url = typeof data.image?.url === "string" ? data.image.url : "";
  const extension = extname(url.split(/[?#]/)[0] ?? "").slice(0, 10);
  return { id, ...sizeOf(data.image), file_name: `${input.row.id}${extension}`, coco_url: url };
}

function sizeOf(image: JsonObject | undefined): { width: number; height: number } {
  const info = isObject(image?.image_info) ? image.image_info : {};
  return { width: Number(info.width ?? 0), height: Number(info.height ?? 0) };
}

interface Shape extends JsonObject {
  bbox: number[];
  area: number;
  segmentation: number[][];
}

/** Returns the boxes and polygons of an image in pixels, once for each of their concepts. */
function annotationsOf(input: SnapshotInput, context: OutgoingContext): (Shape & { concept: { id: string } })[] {
  const { data } = exportedInput(input, context) as { data: { image?: JsonObject; regions?: JsonObject[] } };
  const { width, height } = sizeOf(data.image);
  return (data.regions ?? []).flatMap((region) => {
    const shape = shapeOf(region.region_info as JsonObject | undefined, width, height);
    const { concepts = [] } = (region.data ?? {}) as { concepts?: { id: string }[] };
    return shape ? concepts.map((concept) => ({ ...shape, concept })) : [];
  });
}

function shapeOf(info: JsonObject | undefined, width: number, height: number): Shape | undefined {
  if (isObject(info?.bounding_box)) {
    const { top_row = 0, left_col = 0, bottom_row = 0, right_col = 0 } = info.bounding_box as Record<string, number>;
    const [x, y, w, h] = [
      left_col * width,
      top_row * height,
      (right_col - left_col) * width,
      (bottom_row - top_row) * height,
    ];
    return { bbox: [x, y, w, h], area: w * h, segmentation: [] };
  }
  if (!isObject(info?.polygon) || !Array.isArray(info.polygon.points)) return undefined;
  const points = (info.polygon.points as { row?: number; col?: number }[]).map(
    ({ row = 0, col = 0 }) => [col * width, row * height] as const,
  );
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const bbox = [left, top, Math.max(...xs) - left, Math.max(...ys) - top];
  return { bbox, area: areaOf(points), segmentation: [points.flat()] };
}

function areaOf(points: readonly (readonly [number, number])[]): number {
  const sum = points.reduce((total, [x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length] ?? [x, y];
    return total + x * nextY - nextX * y;
  }, 0);
  return Math.abs(sum) / 2;
}
