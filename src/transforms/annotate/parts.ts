/** Makes annotations of parts of a text, a video or an audio. */

import { InputError } from "../../core/errors.js";
import { checkSpan, checkTimeSegment } from "../../core/input/annotations/check-annotation.js";
import { conceptsFrom } from "../../core/input/concepts.js";
import type { Annotation, Frame } from "../../core/input/input.js";
import { formatValue } from "../../core/util/format/format-value.js";
import { type Drawing, type Labels, named } from "./drawing.js";

/** Options of `textSpan`. */
export interface TextSpanOptions {
  /**
   * What the offsets count. "characters": code points, as the platform and Python count them. "utf16": the units of a JavaScript string, as `indexOf` and
   * regular expressions return them; the text of the input must be known. They differ behind an emoji. Default: "characters".
   */
  units?: "characters" | "utf16" | undefined;
  /** Id of the annotation, for patching and deleting it later. */
  id?: string | undefined;
}

/**
 * Makes the annotation of a part of a text, `[start, end]`, with its concepts. `end` is the offset behind the last character.
 *
 * @throws {InputError} ERR_SPAN, ERR_TEXT_UNKNOWN
 * @example textSpan([5, 8], "place")
 */
export function textSpan(offsets: readonly [number, number], labels: Labels, options: TextSpanOptions = {}): Drawing {
  if (!Array.isArray(offsets) || offsets.length !== 2) {
    throw new InputError("ERR_SPAN", `textSpan takes [start, end], got ${formatValue(offsets)}`);
  }
  const [start, end] = offsets as readonly [number, number];
  const common = { ...named(options), concepts: conceptsFrom(labels) };
  checkSpan({ start, end });
  if (options.units !== "utf16") return { ...common, span: { start, end } };
  return ({ text }) => {
    if (text === undefined) {
      const hint = "the input has no text that is known here; pass offsets in characters";
      throw new InputError(
        "ERR_TEXT_UNKNOWN",
        `textSpan with units "utf16" counts the characters of the text, and ${hint}`,
      );
    }
    if (end > text.length) {
      throw new InputError(
        "ERR_SPAN",
        `span [${start}, ${end}] does not lie inside the text, whose length is ${text.length}`,
      );
    }
    const before = (offset: number) => Array.from(text.slice(0, offset)).length;
    return { ...common, span: { start: before(start), end: before(end) } };
  };
}

/**
 * Puts an annotation on one frame of a video: its time in milliseconds, or `{ timeMs, number }`. For several frames, make an annotation for each.
 *
 * @throws {InputError} ERR_FRAME
 * @example [0, 500, 1000].map((timeMs) => videoFrame(timeMs, boundingBox([0.1, 0.1, 0.5, 0.5], "boat")))
 */
export function videoFrame(at: number | Frame, drawing: Drawing): Drawing {
  const frame: Frame = typeof at === "number" ? { timeMs: at } : at;
  const values = Object.values(frame ?? {}).filter((value) => value !== undefined);
  if (values.length === 0 || values.some((value) => !Number.isInteger(value) || value < 0 || value > 0xffffffff)) {
    const expected = "videoFrame takes a time in whole milliseconds from 0, or { timeMs, number }";
    throw new InputError("ERR_FRAME", `${expected}, got ${formatValue(at)}`);
  }
  if (typeof drawing === "function") return (input) => ({ ...drawing(input), frame });
  return { ...drawing, frame };
}

/**
 * Makes the annotation of a part of a video or audio, `[begin, end]`, with its concepts. The platform's definition names no unit of these times; they are
 * sent unchanged.
 *
 * @throws {InputError} ERR_TIME_SEGMENT
 * @example timeSegment([1.5, 4], "music")
 */
export function timeSegment(
  times: readonly [number, number],
  labels: Labels,
  options: { id?: string } = {},
): Annotation {
  if (!Array.isArray(times) || times.length !== 2) {
    throw new InputError("ERR_TIME_SEGMENT", `timeSegment takes [begin, end], got ${formatValue(times)}`);
  }
  const [begin, end] = times as readonly [number, number];
  checkTimeSegment({ begin, end });
  return { ...named(options), concepts: conceptsFrom(labels), timeSegment: { begin, end } };
}
