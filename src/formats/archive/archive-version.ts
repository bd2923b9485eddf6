/** The version of an archive that has no checksums of its entries. */

import { stat } from "node:fs/promises";
import { describeError, InputError } from "../../core/errors.js";

/** The size and the time of an archive, by which its opener notices that it changed. @throws {InputError} ERR_FILE_UNREADABLE */
export async function versionOf(path: string): Promise<string> {
  try {
    const { size, mtimeMs } = await stat(path);
    return `${size}-${mtimeMs}`;
  } catch (cause) {
    throw new InputError("ERR_FILE_UNREADABLE", `${path} cannot be read: ${describeError(cause)}`, { cause });
  }
}
