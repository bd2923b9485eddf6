/** The annotations of a chunk: spans move with their characters. */

import type { Annotation } from "../../core/input/input.js";
import type { Chunk } from "./chunks.js";

export interface SplitAnnotations {
  /** The annotations of each chunk. */
  byChunk: Annotation[][];
  /** Notes about annotations that no chunk can have. */
  notes: string[];
}

const crossing = "splitText: spans that cross the end of a chunk were left out";
const opaque = "splitText: annotations of another kind than spans and concepts were left out";

/**
 * Returns the annotations of each chunk. A span belongs to the chunks that contain it whole. An annotation without a region belongs to the whole text, and so to
 * every chunk. The first chunk that has an annotation keeps its id; the platform makes the ids of its copies.
 */
export function splitAnnotations(annotations: readonly Annotation[], chunks: readonly Chunk[]): SplitAnnotations {
  const byChunk: Annotation[][] = chunks.map(() => []);
  const notes = new Set<string>();
  for (const annotation of annotations) {
    const { span, data } = annotation;
    if (!span && data) {
      notes.add(opaque);
      continue;
    }
    let isFirst = true;
    for (const [index, { start, end }] of chunks.entries()) {
      if (span && (span.start < start || span.end > end)) continue;
      const moved = span
        ? { ...annotation, span: { ...span, start: span.start - start, end: span.end - start } }
        : annotation;
      const { id: _, ...copy } = moved;
      byChunk[index]?.push(isFirst ? moved : copy);
      isFirst = false;
    }
    if (isFirst) notes.add(crossing);
  }
  return { byChunk, notes: [...notes] };
}
