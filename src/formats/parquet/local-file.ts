/** Files of tables on disk, which are read by parts. */

import { open } from "node:fs/promises";
import { InputError } from "../../core/errors.js";
import { asUnreadable } from "../../core/input/content.js";

/** A file that is read by parts. */
export interface PartFile {
  /** Name for people. */
  name: string;
  sizeBytes: number;
  /** What changes when the file changes, for journal keys. */
  version: string;
  read(start: number, end: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

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
    return {
      name: path,
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
