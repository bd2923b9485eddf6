/** Entries of an archive, whatever its format. */

import { InputError } from "../../core/errors.js";
import type { ReadableContent } from "../../core/input/input.js";

/** One entry: a file, or the reason why it is none. A directory is not an entry. */
export type ArchiveEntry =
  | { name: string; content: ReadableContent }
  | { name: string; skipped: string }
  | { name: string; error: Error };

/**
 * Returns the path of an entry inside its archive, with `/`. Refuses names that lead out of the archive: whoever writes files by these names would overwrite others.
 *
 * @throws {InputError} ERR_ENTRY_NAME
 */
export function pathOfEntry(name: string): string {
  const path = name.replace(/^(?:\.\/+)+/, "");
  const isHostile = /^\/|^[A-Za-z]:|\0/.test(path) || path.split("/").includes("..");
  if (path !== "" && !isHostile) return path;
  const text = `the entry is named ${JSON.stringify(name)}, which is not a path inside the archive`;
  throw new InputError("ERR_ENTRY_NAME", `${text}; give it another name`);
}

/** Makes the error for an archive, or an entry of it, that is damaged. */
export function damaged(what: string, fact: string, cause?: unknown): InputError {
  return new InputError("ERR_ARCHIVE_DAMAGED", `${what} is damaged: ${fact}`, { cause });
}
