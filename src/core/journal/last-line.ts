/** Finds the end of the last complete line of a file that runs append to. */

import { type FileHandle, open, stat } from "node:fs/promises";
import { blockBytes } from "./append-file.js";

/** Bytes of the beginning of a file by which its format is recognized. */
const headBytes = 64;

/**
 * Returns the end of the last complete line; 0 for a file that is missing, empty or has only zeros. `isOurs` gets the first 64 bytes; for another file, and
 * for what is not a regular file, `refused` is thrown.
 */
export async function lastLineEnd(path: string, isOurs: (head: string) => boolean, refused: Error): Promise<number> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!found || (found.isFile() && found.size === 0)) return 0;
  if (!found.isFile()) throw refused;
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0);
    if (await isBlank(file, found.size)) return 0;
    if (!isOurs(buffer.toString("utf8", 0, bytesRead))) throw refused;
    return await lastNewline(file, found.size);
  } finally {
    await file.close();
  }
}

/** Whether a file has only zeros: the run or the machine stopped after it allocated the first block, and before it wrote a line. */
async function isBlank(file: FileHandle, sizeBytes: number): Promise<boolean> {
  if (sizeBytes > blockBytes) return false;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(sizeBytes), 0, sizeBytes, 0);
  return buffer.subarray(0, bytesRead).every((byte) => byte === 0);
}

async function lastNewline(file: FileHandle, sizeBytes: number): Promise<number> {
  const buffer = Buffer.alloc(64 * 1024);
  for (let end = sizeBytes; end > 0; ) {
    const start = Math.max(0, end - buffer.length);
    const { bytesRead } = await file.read(buffer, 0, end - start, start);
    const at = buffer.subarray(0, bytesRead).lastIndexOf(10);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}
