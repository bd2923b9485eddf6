/** Regions of texts and of media with a time: offsets in UTF-16 units become code points; seconds become time segments. */

import { InputError } from "../../core/errors.js";
import type { Annotation, Json } from "../../core/input/input.js";
import { type LeftOver, restOf } from "./image-regions.js";
import type { Region } from "./results.js";

/** Notes on how regions were read. */
export const textNotes = {
  other: "Label Studio: a region that is not a part of a plain text is in the metadata, not among the spans",
  text: "Label Studio: the text that a span names is not the text at its place",
  media: "Label Studio: a region of a medium without a time segment is in the metadata",
} as const;

/** Makes the spans of a text. @throws {InputError} ERR_LABEL */
export function textAnnotations(text: string, list: readonly Region[], left: LeftOver): Annotation[] {
  const offset = offsetsOf(text);
  return list.flatMap((region): Annotation[] => {
    const { start, end, text: own } = region.value;
    const isPlain = typeof start === "number" && typeof end === "number" && region.value.startOffset === undefined;
    if (!isPlain) return keep(region, textNotes.other, left);
    const isInside = start >= 0 && start < end && end <= text.length;
    if (!isInside)
      throw new InputError(
        "ERR_LABEL",
        `${region.name}: [${start}, ${end}] does not lie inside the text of ${text.length} UTF-16 units`,
      );
    const found = text.slice(start, end);
    if (typeof own === "string" && own !== found) left.notes.add(textNotes.text);
    const more: Record<string, Json> = typeof own === "string" && own !== found ? { text: own } : {};
    return [{ ...restOf(region, more), span: { start: offset(start), end: offset(end), text: found } }];
  });
}

/** Makes the time segments of an audio file or video. */
export function timeAnnotations(list: readonly Region[], left: LeftOver): Annotation[] {
  return list.flatMap((region): Annotation[] => {
    const { start, end, channel } = region.value;
    if (typeof start !== "number" || typeof end !== "number") return keep(region, textNotes.media, left);
    const more: Record<string, Json> = channel === undefined ? {} : { channel };
    return [{ ...restOf(region, more), timeSegment: { begin: start, end } }];
  });
}

/** Returns a function from offsets in UTF-16 units to offsets in code points. */
function offsetsOf(text: string): (units: number) => number {
  if (!/[\ud800-\udfff]/.test(text)) return (units) => units;
  const offsets = new Uint32Array(text.length + 1);
  let points = 0;
  for (let units = 0; units < text.length; ) {
    const size = (text.codePointAt(units) as number) > 0xffff ? 2 : 1;
    for (let part = 0; part < size; part += 1) offsets[units + part] = points;
    units += size;
    points += 1;
  }
  offsets[text.length] = points;
  return (units) => offsets[units] as number;
}

function keep({ value, info, labels }: Region, note: string, left: LeftOver): Annotation[] {
  left.others.push({ ...info, value, labels });
  left.notes.add(note);
  return [];
}
