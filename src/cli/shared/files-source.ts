/** Files that are named one by one on the command line. */

import { basename, dirname } from "node:path";
import { describeFile } from "../../core/content.js";
import { OptionsError } from "../../core/errors.js";
import { folderName, idFromPath, idOfContent, idOfFile } from "../../core/ids.js";
import type { Kind } from "../../core/input.js";
import type { Source, SourceItem } from "../../core/plugin.js";

/** What ids may be made of, as in `folder`. */
const rules = new Set(["folder", "path", "content"]);

/** Images, videos and audio files, each as a look into its folder alone would give it: the same id, the same metadata. */
export function filesSource(paths: readonly string[], kinds: readonly Kind[] | undefined, ids = "folder"): Source {
  if (!rules.has(ids)) {
    throw new OptionsError(
      "ERR_OPTIONS",
      `files: ids must be one of ${[...rules].join(", ")}, got ${JSON.stringify(ids)}`,
    );
  }
  return {
    name: "files",
    total: paths.length,
    async *read() {
      for (const path of paths) {
        yield await itemOf(path, kinds, ids);
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

async function itemOf(path: string, kinds: readonly Kind[] | undefined, ids: string): Promise<SourceItem> {
  try {
    const { kind, content } = await describeFile(path);
    if (kind === undefined) return { origin: path, skipped: "not an image, video or audio" };
    if (kinds && !kinds.includes(kind)) return { origin: path, skipped: `kind ${kind} is not asked for` };
    const name = basename(path);
    const id = await idOf(path, name, ids);
    const sameId = ids === "content" ? "duplicate" : "file";
    return { origin: path, input: { id, metadata: { filename: name }, [kind]: content }, sameId };
  } catch (error) {
    return { origin: path, error: error as Error };
  }
}

async function idOf(path: string, name: string, ids: string): Promise<string> {
  if (ids === "folder") return idOfFile(folderName(dirname(path)), name);
  return ids === "path" ? idFromPath(name) : idOfContent(path);
}
