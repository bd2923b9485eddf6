/** Decides which existing files of the folder a download may replace. */

import { createHash } from "node:crypto";
import { createReadStream, lstatSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../core/errors.js";
import type { ManifestFile } from "../../formats/manifest/line.js";
import type { Recorded } from "./manifest.js";

/**
 * Returns whether a new file replaces an existing one with other content. Only a file that the manifest records for the same input may be replaced. A
 * file without a record and with the same content is from a run that was killed.
 *
 * @throws {InputError} ERR_FILE_EXISTS
 */
export async function replaces(folder: string, made: ManifestFile, known: Recorded | undefined): Promise<boolean> {
  const path = join(folder, made.path);
  const found = sizeOfFile(path);
  if (found === undefined) return false;
  if (found === made.sizeBytes && (await sha256Of(path)) === made.sha256) return false;
  if ([...(known?.files.values() ?? [])].some((file) => file.path === made.path)) return true;
  const text = `${path} already exists with other content, and the manifest does not record it; move it away, or choose another folder`;
  throw new InputError("ERR_FILE_EXISTS", text);
}

/** Reads a file of the manifest, and returns whether it has the recorded content. */
export async function isUnchanged(folder: string, { path, sha256 }: ManifestFile): Promise<boolean> {
  return (await sha256Of(join(folder, path)).catch(() => undefined)) === sha256;
}

/** Returns the size of a regular file, else undefined: links are replaced and not followed. */
function sizeOfFile(path: string): number | undefined {
  try {
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found?.isFile() ? found.size : undefined;
  } catch {
    return undefined; // the file system refuses the name; writing the file reports the error
  }
}

async function sha256Of(path: string): Promise<string> {
  const digest = createHash("sha256");
  for await (const bytes of createReadStream(path)) digest.update(bytes as Buffer);
  return digest.digest("hex");
}
