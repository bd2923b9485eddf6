/** Files that are named one by one on the command line. */

import { codeOf } from "../../core/errors.js";
import { describeFile } from "../../core/input/content.js";
import type { Kind } from "../../core/input/input.js";
import type { ReadContext, Source, SourceStep } from "../../core/plugin/source.js";

/** Several sources of files as one, read one after the other: a command line may name thousands. */
export function filesSource(sources: readonly Source[]): Source {
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
 * The kind of a file by its content, as in a folder. "unknown" is neither image, video, audio nor text. Undefined for a file that cannot be read, or is broken: its source
 * says what is wrong with it.
 */
export async function kindOfFile(path: string): Promise<Kind | "unknown" | "broken" | undefined> {
  try {
    return (await describeFile(path)).kind ?? "unknown";
  } catch (error) {
    return /^ERR_(?:KIND_UNKNOWN|TEXT_ENCODING)$/.test(codeOf(error, "")) ? "broken" : undefined;
  }
}
