/** Final files: written under a temporary name in pieces, and renamed when they are complete. */

import { open, rename } from "node:fs/promises";
import { makeFolderOf, partialPath, unwritable } from "./media.js";

/** Characters that are collected before they are written. */
const pieceLength = 256 * 1024;

/** Writes a file; under its own name, it is complete. @throws {SinkError} ERR_FILE_UNWRITABLE */
export async function writeFinalFile(
  path: string,
  pieces: Iterable<string> | AsyncIterable<string>,
  plugin: string,
): Promise<void> {
  const partial = partialPath(path);
  makeFolderOf(path, plugin);
  try {
    const file = await open(partial, "w");
    try {
      let text = "";
      for await (const piece of pieces) {
        text += piece;
        if (text.length < pieceLength) continue;
        await file.appendFile(text);
        text = "";
      }
      await file.appendFile(text);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (error) {
    throw unwritable(path, error, plugin);
  }
}
