/** Sources of files that the command line names one by one. */

import { codeOf } from "../../core/errors.js";
import { describeFile } from "../../core/input/describe.js";
import type { Kind } from "../../core/input/input.js";
import type { ReadContext, Source, SourceStep } from "../../core/plugin/source.js";

/** Joins the sources of single files into one source that reads them in order, since a command line may name thousands of files. */
export function joinSources(sources: readonly Source[]): Source {
  return {
    name: "files",
    total: sources.length,
    async *read(context: ReadContext) {
      for (const source of sources) {
        for await (const step of source.read(context) as AsyncIterable<SourceStep>) yield step;
      }
    },
  };
}

/**
 * Finds the kind of a file by its content, as `folder` does. Returns "unknown" for other content than image, video, audio and text, "broken" for a file
 * with a broken header or encoding, and undefined for a file that cannot be read. The source of the file reports what is wrong.
 */
export async function kindOfFile(path: string): Promise<Kind | "unknown" | "broken" | undefined> {
  try {
    return (await describeFile(path)).kind ?? "unknown";
  } catch (error) {
    return /^ERR_(?:KIND_UNKNOWN|TEXT_ENCODING)$/.test(codeOf(error, "")) ? "broken" : undefined;
  }
}
