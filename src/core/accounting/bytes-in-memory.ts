/** Estimates how much memory an input takes. */

import { type Input, mediaOf } from "../input/input.js";

/** Estimated bytes of the objects of an annotation (shape, concept, data of its format), and of a point of a polygon. */
const annotationBytes = 600;
const pointBytes = 60;

/** Estimates the bytes of an input in memory: characters of its text, bytes of its content, its annotations and their masks. */
export function bytesInMemory(input: Input): number {
  const media = mediaOf(input);
  const bytes = media && "bytes" in media.content ? media.content.bytes.byteLength : 0;
  let annotations = input.annotations.length * annotationBytes;
  for (const { mask, polygon } of input.annotations) {
    if (mask && "base64" in mask) annotations += mask.base64.length;
    if (polygon) annotations += polygon.length * pointBytes;
  }
  return bytes + annotations + (input.text?.length ?? 0);
}
