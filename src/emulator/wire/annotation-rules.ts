/** What the API refuses in annotations: impossible masks, spans, frames and time segments, and those that do not fit their input. */

import { limits } from "../../clarifai/limits.js";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { base64Bytes, pngSize } from "../../core/input/annotations/png.js";
import type { Kind } from "../../core/input/kinds.js";
import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";
import type { AnnotationData } from "../store/model.js";
import { ItemRefusal } from "./refusals.js";

/** The content of an annotated input. */
export interface AnnotatedContent {
  kind: Kind;
  /** The media objects by kind. */
  media: JsonObject;
}

/** Checks that a mask is an image with a PNG, or with an address. @throws {ItemRefusal} 24155 */
export function checkMask(mask: JsonObject): void {
  const image = isObject(mask.image) ? mask.image : {};
  const { base64, url } = image;
  if (typeof url === "string" && base64 === undefined) return;
  if (typeof base64 !== "string") throw invalid("a mask needs an image with base64 or url");
  if (!pngSize(base64)) throw invalid("the image of a mask must be a PNG");
  const bytes = base64Bytes(base64);
  if (bytes < limits.maxItemBytes.image) return;
  throw invalid(`a mask has ${bytes} bytes; it must have less than ${limits.maxItemBytes.image}`);
}

/** Checks the order of the offsets of a span or token. @throws {ItemRefusal} 24155 */
export function checkSpan(name: string, span: JsonObject): void {
  if (Number(span.char_start) < Number(span.char_end)) return;
  throw invalid(
    `a ${name} must have char_start < char_end, not ${String(span.char_start)} and ${String(span.char_end)}`,
  );
}

/** Checks the order of the times of a segment. @throws {ItemRefusal} 24155 */
export function checkTimes(info: Json | undefined): void {
  if (!isObject(info)) return;
  const [begin, end] = [Number(info.begin_time ?? 0), Number(info.end_time ?? 0)];
  if (begin >= 0 && begin < end) return;
  throw invalid(`a time segment must have 0 <= begin_time < end_time, not ${begin} and ${end}`);
}

/** Checks that an annotation fits the content of its input. @throws {ItemRefusal} 24155 */
export function checkFits({ region, around }: AnnotationData, { kind, media }: AnnotatedContent): void {
  if (around?.in === "frames" && kind !== "video") throw invalid(`frames need a video, and the input is ${kind}`);
  if (around?.in === "time_segments" && kind !== "video" && kind !== "audio") {
    throw invalid(`time_segments need a video or audio, and the input is ${kind}`);
  }
  for (const name of ["span", "token"]) {
    const span = region?.region_info?.[name];
    if (isObject(span)) checkInText(name, span, kind, media);
  }
}

function checkInText(name: string, span: JsonObject, kind: Kind, { text }: JsonObject): void {
  if (!isObject(text)) throw invalid(`a ${name} needs a text, and the input is ${kind}`);
  if (typeof text.raw !== "string") return;
  const end = Number(span.char_end);
  if (end * 2 <= text.raw.length) return; // a character has one or two units of UTF-16
  const characters = Array.from(text.raw).length;
  if (end <= characters) return;
  throw invalid(`char_end of a ${name} is ${end}, and the text has ${characters} characters`);
}

function invalid(details: string): ItemRefusal {
  return new ItemRefusal(statusCodes.ANNOTATION_INVALID_ARGUMENT, details);
}
