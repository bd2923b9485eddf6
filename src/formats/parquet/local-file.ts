/** Files of tables on disk, which are read by parts. */

import { realpathSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { InputError } from "../../core/errors.js";
import { asUnreadable } from "../../core/input/content.js";
import { folderName } from "../../core/input/ids.js";
import type { PartFile } from "./part-file.js";

/** Opens a file on disk. @throws {InputError} ERR_FILE_UNREADABLE, ERR_NOT_A_FILE */
export async function openLocalFile(path: string): Promise<PartFile> {
  const file = await open(path, "r").catch((error: unknown) => {
    throw asUnreadable(path, error);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new InputError("ERR_NOT_A_FILE", `${path} is not a regular file`);
    const read = async (start: number, end: number) => {
      const buffer = Buffer.allocUnsafeSlow(end - start);
      let filled = 0;
      while (filled < buffer.length) {
        const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, start + filled);
        if (bytesRead === 0)
          throw new InputError(
            "ERR_FILE_CHANGED",
            `${path} changed: it ends at ${start + filled} of ${stat.size} bytes`,
          );
        filled += bytesRead;
      }
      return buffer.buffer;
    };
    const place = realpathSync(path);
    return {
      name: path,
      place,
      shortName: `${folderName(dirname(place))}/${basename(path)}`,
      sizeBytes: stat.size,
      version: `${stat.size}\n${stat.mtimeMs}`,
      read,
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw asUnreadable(path, error);
  }
}
