/** Opens files of a download folder: only plain files, and never through a link. */

import { closeSync, constants, fstatSync, openSync, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { codeOf, InputError } from "../../core/errors.js";

/** Does not follow a link, and does not wait for a pipe; Windows has neither flag. */
const flags =
  constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file to append to it, or creates it. A link to another file, a pipe or a device under its name is neither read nor written.
 *
 * @throws {InputError} ERR_DOWNLOAD_PATH
 */
export async function openPlainFile(path: string): Promise<FileHandle> {
  const file = await open(path, flags).catch((error: unknown) => {
    throw asRefused(path, error);
  });
  if (isPlain(await file.stat())) return file;
  await file.close();
  throw refused(path);
}

/** Opens a file as `openPlainFile` does, synchronously; returns its descriptor and its size. @throws {InputError} ERR_DOWNLOAD_PATH */
export function openPlainFileNow(path: string): { file: number; sizeBytes: number } {
  let file: number;
  try {
    file = openSync(path, flags);
  } catch (error) {
    throw asRefused(path, error);
  }
  const stat = fstatSync(file);
  if (isPlain(stat)) return { file, sizeBytes: stat.size };
  closeSync(file);
  throw refused(path);
}

function isPlain(stat: Stats): boolean {
  return stat.isFile() && stat.nlink === 1;
}

function asRefused(path: string, error: unknown): unknown {
  return ["ELOOP", "EISDIR", "ENXIO"].includes(codeOf(error, "")) ? refused(path) : error;
}

function refused(path: string): InputError {
  return new InputError(
    "ERR_DOWNLOAD_PATH",
    `${path} exists already and is not a plain file; move it away, or choose another folder`,
  );
}
