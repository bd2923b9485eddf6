/** Splits annotations into requests. */

import type { Annotation } from "../core/input/input.js";
import { limits } from "./limits.js";

/** Masks make annotations large. A request has less bytes of them than this, a quarter of the limit, since it is in memory as a whole. */
const maxBytes = limits.maxRequestBytes / 4;
/** More than the bytes of an annotation without a mask and without data. */
const plainBytes = 1000;

/** Splits annotations into requests of at most 128, and of so many bytes that each is accepted. An annotation larger than that goes alone. */
export function inRequests<T extends { annotation: Annotation }>(items: readonly T[]): T[][] {
  const requests: T[][] = [];
  let last: T[] = [];
  let bytes = 0;
  for (const item of items) {
    const size = sizeOf(item.annotation);
    if (last.length === 0 || last.length === limits.maxInputsPerRequest || bytes + size > maxBytes) {
      last = [];
      bytes = 0;
      requests.push(last);
    }
    last.push(item);
    bytes += size;
  }
  return requests;
}

function sizeOf({ mask, data, info }: Annotation): number {
  const free = data || info ? JSON.stringify([data, info]).length : 0;
  return plainBytes + (mask && "base64" in mask ? mask.base64.length : 0) + free;
}
