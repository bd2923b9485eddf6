/** Annotations as the gallery shows them: regions that are drawn, and parts of a text or a video that are named. */

import { frameOf, timeSegmentOf, shapeOf as typedShape } from "../../clarifai/wire/annotation-shapes.js";
import { annotationText } from "../../core/input/input-text.js";
import { isObject, type Json } from "../../core/util/json/json-values.js";
import type { AnnotationData, Region, StoredConcept } from "../store/model.js";
import type { PartShape, RegionShape } from "./shapes.js";

type Names = ReadonlyMap<string, string>;

/** Returns the region of an annotation. Regions of frames are left out, because each frame has its own time. */
export function regionIn(data: string): Region[] {
  const { region, around } = JSON.parse(data) as AnnotationData;
  return region && !around && !isPart(region) ? [region] : [];
}

/** Whether a region is named and not drawn. */
function isPart({ region_info: info }: Region): boolean {
  const { span, token, mask } = info ?? {};
  return isObject(span) || isObject(token) || (isObject(mask) && maskIn(mask) === undefined);
}

/** Returns the name of an annotation that is not drawn: where it is, and its concepts. */
export function partIn(data: string, names: Names): PartShape[] {
  const { region, around, concepts = [] } = JSON.parse(data) as AnnotationData;
  if (!around && !(region && isPart(region))) return [];
  const { region_info: info } = region ?? {};
  const { token, ...others } = info ?? {};
  const frame = around?.in === "frames" ? frameOf(around.facts.frame_info) : undefined;
  const timeSegment = around?.in === "time_segments" ? timeSegmentOf(around.facts.time_info) : undefined;
  const shape = typedShape(isObject(token) ? { span: token } : others);
  const fallback = around && !frame && !timeSegment ? `${around.in} ` : "";
  const text = `${fallback}${annotationText({ ...shape, frame, timeSegment, concepts: [] })}`;
  return [{ text, concepts: namesOf([...concepts, ...(region?.concepts ?? [])], names) }];
}

/** Returns a region with its coordinates as shares of width and height. */
export function shapeOf({ region_info: info, concepts }: Region, names: Names): RegionShape {
  const shape: RegionShape = { concepts: namesOf(concepts, names) };
  const { bounding_box: box, polygon, point, mask } = info ?? {};
  if (isObject(box)) shape.box = [share(box.left_col), share(box.top_row), share(box.right_col), share(box.bottom_row)];
  if (isObject(polygon) && Array.isArray(polygon.points)) {
    shape.polygon = polygon.points.filter(isObject).map(({ row, col }) => [share(col), share(row)]);
  }
  if (isObject(point)) shape.point = [share(point.col), share(point.row)];
  const pixels = maskIn(mask);
  if (pixels !== undefined) shape.mask = pixels;
  return shape;
}

function maskIn(mask: Json | undefined): string | undefined {
  const image = isObject(mask) && isObject(mask.image) ? mask.image : undefined;
  return typeof image?.base64 === "string" ? image.base64 : undefined;
}

function namesOf(concepts: readonly StoredConcept[], names: Names): string[] {
  return concepts.map(({ id }) => names.get(id) ?? id);
}

function share(value: Json | undefined): number {
  return Number(value) || 0;
}
