/** Files that are named one by one on the command line. */

import { basename } from "node:path";
import { describeFile } from "../../core/content.js";
import { idFromPath } from "../../core/ids.js";
import type { Kind } from "../../core/input.js";
import type { Source, SourceItem } from "../../core/plugin.js";

/** Images, videos and audio files, each as a look into its folder alone would give it: the same id, the same metadata. */
export function filesSource(paths: readonly string[], kinds: readonly Kind[] | undefined): Source {
  return {
    name: "files",
    total: paths.length,
    async *read() {
      for (const path of paths) {
        yield await itemOf(path, kinds);
      }
    },
  };
}

/** The kind of a file by its content, as in a folder; "unknown" is none of the four. Undefined for what cannot be read as a file. */
export async function kindOfFile(path: string): Promise<Kind | "unknown" | undefined> {
  try {
    return (await describeFile(path)).kind ?? "unknown";
  } catch {
    return undefined; // what is wrong with it, its source says
  }
}

async function itemOf(path: string, kinds: readonly Kind[] | undefined): Promise<SourceItem> {
  try {
    const { kind, content } = await describeFile(path);
    if (kind === undefined) return { origin: path, skipped: "not an image, video or audio" };
    if (kinds && !kinds.includes(kind)) return { origin: path, skipped: `kind ${kind} is not asked for` };
    const name = basename(path);
    return { origin: path, input: { id: idFromPath(name), metadata: { filename: name }, [kind]: content } };
  } catch (error) {
    return { origin: path, error: error as Error };
  }
}
