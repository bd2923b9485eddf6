/** Converts the shape of a region, its frame and its time segment between the JSON of the API and the input model. */

import { pngSize } from "../../core/input/annotations/png.js";
import type { Annotation, Frame, Json, Mask, Span, TimeSegment } from "../../core/input/input.js";
import { isEmpty, isObject, type JsonObject } from "../../core/util/json/json-values.js";
import { omit } from "../../core/util/omit.js";

type Shape = Pick<Annotation, "box" | "polygon" | "point" | "mask" | "span">;

const sides = new Set(["top_row", "left_col", "bottom_row", "right_col"]);
/** Fields of an image beside its content; the server fills them. */
const imageFacts = ["hosted", "image_info", "hosted_image_info", "allow_duplicate_url"];

/** Converts the shape of an annotation to the info of a region; undefined if it has none. */
export function regionInfo({ box, polygon, point, mask, span }: Annotation): JsonObject | undefined {
  if (box) {
    const [xMin, yMin, xMax, yMax] = box;
    return { bounding_box: { top_row: yMin, left_col: xMin, bottom_row: yMax, right_col: xMax } };
  }
  if (polygon) return { polygon: { points: polygon.map(wirePoint) } };
  if (point) return { point: wirePoint(point) };
  if (mask) return { mask: { image: { ...mask } } };
  if (!span) return undefined;
  const { start, end, text } = span;
  return { span: { char_start: start, char_end: end, ...(text === undefined ? {} : { raw_text: text }) } };
}

function wirePoint([x, y]: readonly [number, number]): JsonObject {
  return { row: y, col: x, visibility: "VISIBLE" };
}

/** Reads the shape of a region; undefined for another shape, for further fields, or for a mask or span that the input model refuses. */
export function shapeOf(info: Json | undefined): Shape | undefined {
  if (!isObject(info) || Object.keys(info).length !== 1) return undefined;
  const { bounding_box: box, polygon, point, mask, span } = info;
  if (isObject(box)) return boxOf(box);
  if (isObject(polygon)) return polygonOf(polygon);
  if (isPlainPoint(point)) return { point: pointOf(point) };
  const image = isObject(mask) ? maskOf(mask) : undefined;
  if (image) return { mask: image };
  const part = isObject(span) ? spanOf(span) : undefined;
  return part && { span: part };
}

function boxOf(box: JsonObject): Shape | undefined {
  if (!Object.keys(box).every((key) => sides.has(key))) return undefined;
  const shares = [box.left_col ?? 0, box.top_row ?? 0, box.right_col ?? 0, box.bottom_row ?? 0].map(Number);
  return { box: shares as [number, number, number, number] };
}

function polygonOf(polygon: JsonObject): Shape | undefined {
  const { points } = polygon;
  if (!Array.isArray(points) || Object.keys(polygon).length !== 1 || !points.every(isPlainPoint)) return undefined;
  return { polygon: points.map(pointOf) };
}

function isPlainPoint(point: Json | undefined): point is JsonObject {
  if (!isObject(point)) return false;
  const { visibility = 1, ...more } = omit(point, ["row", "col"]);
  return isEmpty(more) && (visibility === 1 || visibility === "VISIBLE");
}

function pointOf(point: JsonObject): [number, number] {
  return [Number(point.col ?? 0), Number(point.row ?? 0)];
}

function maskOf(mask: JsonObject): Mask | undefined {
  if (!isObject(mask.image) || Object.keys(mask).length !== 1) return undefined;
  const { base64, url, ...more } = omit(mask.image, imageFacts) as JsonObject;
  if (!isEmpty(more)) return undefined;
  if (base64 !== undefined && base64 !== "")
    return typeof base64 === "string" && pngSize(base64) ? { base64 } : undefined;
  return typeof url === "string" && url !== "" ? { url } : undefined;
}

function spanOf(span: JsonObject): Span | undefined {
  const { char_start: first = 0, char_end: last = 0, raw_text: text = "", ...more } = span;
  const [start, end] = [countOf(first), countOf(last)];
  if (!isEmpty(more) || start === undefined || end === undefined || typeof text !== "string" || start >= end)
    return undefined;
  return { start, end, ...(text === "" ? {} : { text }) };
}

/** Converts a frame to the API's info of it. */
export function frameInfo({ timeMs, number, index }: Frame): JsonObject {
  return {
    ...(index === undefined ? {} : { index }),
    ...(timeMs === undefined ? {} : { time: timeMs }),
    ...(number === undefined ? {} : { number }),
  };
}

/** Reads the info of a frame. A zero is the same as no value to the API; a frame of zeros is the one at 0 ms. */
export function frameOf(info: Json | undefined): Frame | undefined {
  if (!isObject(info)) return undefined;
  const { index: sampled = 0, time = 0, number: absolute = 0, ...more } = info;
  const [index, timeMs, number] = [countOf(sampled), countOf(time), countOf(absolute)];
  if (!isEmpty(more) || index === undefined || timeMs === undefined || number === undefined) return undefined;
  return {
    ...(timeMs > 0 || (number === 0 && index === 0) ? { timeMs } : {}),
    ...(number > 0 ? { number } : {}),
    ...(index > 0 ? { index } : {}),
  };
}

/** Converts a time segment to the API's info of it. */
export function timeInfo({ begin, end, frames }: TimeSegment): JsonObject {
  return { begin_time: begin, end_time: end, ...(frames === undefined ? {} : { num_frames: frames }) };
}

/** Reads the info of a time segment. */
export function timeSegmentOf(info: Json | undefined): TimeSegment | undefined {
  if (!isObject(info)) return undefined;
  const { begin_time: first = 0, end_time: last = 0, num_frames: count = 0, ...more } = info;
  const [begin, end, frames] = [Number(first), Number(last), countOf(count)];
  if (!isEmpty(more) || !(begin >= 0 && begin < end) || frames === undefined) return undefined;
  return { begin, end, ...(frames > 0 ? { frames } : {}) };
}

/** Reads a count. JSON of the API may have 64 bits as a text. */
function countOf(value: Json): number | undefined {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isSafeInteger(number) && number >= 0 && number <= 0xffffffff
    ? number
    : undefined;
}
