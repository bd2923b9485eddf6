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

/** Whether a path is that of an image, a video or an audio file; by its content, as in a folder. */
export async function isMediaFile(path: string): Promise<boolean> {
  const described = await Promise.resolve(path)
    .then(describeFile)
    .catch(() => undefined);
  return described?.kind !== undefined && described.kind !== "text";
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
