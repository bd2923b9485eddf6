/** Checks annotations: that their coordinates, offsets and times are possible, and that they fit the kind of their input. */

import { InputError } from "../../errors.js";
import { shorten } from "../../util/format/shorten.js";
import { type Annotation, type Input, kindOf, type Mask, type Span, type TimeSegment } from "../input.js";
import { base64Bytes, pngSize } from "./png.js";
import { checkPoint, checkRegion } from "./regions.js";

/** A mask has less bytes than this, as an image of the platform. */
const maxMaskBytes = 20_000_000;
const shapes = ["box", "polygon", "point", "mask", "span"] as const;

/**
 * Checks an annotation. With its input, also whether the annotation fits the input's kind and text. An input without content passes, since its content may
 * be stored already. `isStored`: the annotation may come from a platform, which keeps a span whose own text is not that of the input; a copy carries it
 * unchanged.
 *
 * @throws {InputError} ERR_BOX, ERR_POLYGON, ERR_POINT, ERR_MASK, ERR_SPAN, ERR_TIME_SEGMENT, ERR_ANNOTATION_KIND
 */
export function checkAnnotation(annotation: Annotation, input?: Input, { isStored = false } = {}): void {
  const { point, mask, span, frame, timeSegment } = annotation;
  checkRegion(annotation);
  if (point) checkPoint(point);
  if (mask) checkMask(mask);
  if (span) checkSpan(isStored ? { start: span.start, end: span.end } : span, input?.text);
  if (timeSegment) checkTimeSegment(timeSegment);
  const given = shapes.filter((shape) => annotation[shape] !== undefined);
  if (given.length > 1) throw kindError(`an annotation has ${given.join(" and ")}; it can have one of them`);
  if (frame && timeSegment) throw kindError("an annotation has frame and timeSegment; it can have one of them");
  if (span && (frame ?? timeSegment)) throw kindError("a span is a part of a text, which has no frame and no time");
  const kind = input && kindOf(input);
  if (!kind) return;
  const hasText = kind === "text" || (kind === "image" && (input.text ?? input.textUrl) !== undefined);
  if (span && !hasText) throw kindError(`a span needs a text, and the input is ${kind}`);
  if (frame && kind !== "video") throw kindError(`a frame needs a video, and the input is ${kind}`);
  if (timeSegment && kind !== "video" && kind !== "audio")
    throw kindError(`a time segment needs a video or audio, and the input is ${kind}`);
}

/** Checks that a mask is a PNG, unless it is an address. @throws {InputError} ERR_MASK */
export function checkMask(mask: Mask): void {
  if ("url" in mask) return;
  if (!pngSize(mask.base64)) {
    throw new InputError(
      "ERR_MASK",
      "the mask is not a PNG; convert it to a PNG with the same proportions as the picture",
    );
  }
  const bytes = base64Bytes(mask.base64);
  if (bytes < maxMaskBytes) return;
  throw new InputError("ERR_MASK", `the mask has ${bytes} bytes; the limit is less than ${maxMaskBytes}`);
}

/** Checks the offsets of a span, and its characters if the text is known. @throws {InputError} ERR_SPAN */
export function checkSpan({ start, end, text: own }: Span, text?: string): void {
  const name = `span [${start}, ${end}]`;
  const isOffset = (value: number) => Number.isInteger(value) && value >= 0;
  if (!isOffset(start) || !isOffset(end) || start >= end) {
    throw new InputError("ERR_SPAN", `${name} is not [start, end] with whole numbers from 0, and start less than end`);
  }
  if (text === undefined) return;
  const characters = charactersOf(text);
  if (end > characters.length) {
    throw new InputError("ERR_SPAN", `${name} does not lie inside the text, which has ${characters.length} characters`);
  }
  if (own === undefined) return;
  const found = typeof characters === "string" ? characters.slice(start, end) : characters.slice(start, end).join("");
  if (found === own) return;
  const shown = [found, own].map((part) => JSON.stringify(shorten(part, 60)));
  throw new InputError("ERR_SPAN", `${name}: the text has ${shown[0]} there, not ${shown[1]}`);
}

/** Checks the order of the two times. @throws {InputError} ERR_TIME_SEGMENT */
export function checkTimeSegment({ begin, end }: TimeSegment): void {
  if (begin >= 0 && begin < end && Number.isFinite(end)) return;
  const text = `time segment [${begin}, ${end}] is not [begin, end] with times from 0, and begin less than end`;
  throw new InputError("ERR_TIME_SEGMENT", text);
}

/** Splits a text into code points. A text without surrogates is its own list. */
function charactersOf(text: string): string | string[] {
  return /[\ud800-\udfff]/.test(text) ? Array.from(text) : text;
}

function kindError(text: string): InputError {
  return new InputError("ERR_ANNOTATION_KIND", text);
}
