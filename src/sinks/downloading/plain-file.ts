/** Files of a download folder: opened only when they are plain files, and never through a link. */

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { InputError } from "../../core/errors.js";

/** A link is not followed, and a pipe is not waited for; Windows has neither flag. */
const flags =
  constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Opens a file to go on at its end, or makes it. What somebody else put there under its name (a link to another file, a pipe, a device) is
 * neither read nor written.
 *
 * @throws {InputError} ERR_DOWNLOAD_PATH
 */
export async function openPlainFile(path: string): Promise<FileHandle> {
  const refused = new InputError("ERR_DOWNLOAD_PATH", `${path} is there already and is no plain file`);
  const file = await open(path, flags).catch((error: NodeJS.ErrnoException) => {
    throw error.code === "ELOOP" || error.code === "EISDIR" || error.code === "ENXIO" ? refused : error;
  });
  const stat = await file.stat();
  if (stat.isFile() && stat.nlink === 1) return file;
  await file.close();
  throw refused;
}
