/** Small files: written at once where the disk answers at once, which costs a fraction; in the background where it does not. */

import { closeSync, fstatSync, ftruncateSync, renameSync, writeFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { InputError } from "../../core/errors.js";
import { openPlainFile, openPlainFileNow } from "./plain-file.js";

/** A disk that takes longer than this for a small file, so many times in a row, is slow: one on a network, say. */
const slowMs = 5;
const slowTimes = 8;

/** Writes small files: first under a name of their own, then under the one that they are to have. */
export class SmallWriter {
  #slowInARow = 0;

  /** @throws {InputError} ERR_DOWNLOAD_PATH, ERR_FILE_CHANGED */
  async write(temporaryPath: string, path: string, bytes: Uint8Array): Promise<void> {
    if (this.#slowInARow >= slowTimes) {
      await writeInBackground(temporaryPath, bytes);
      await rename(temporaryPath, path);
      return;
    }
    const started = performance.now();
    writeNow(temporaryPath, bytes);
    renameSync(temporaryPath, path);
    this.#slowInARow = performance.now() - started > slowMs ? this.#slowInARow + 1 : 0;
  }
}

function writeNow(path: string, bytes: Uint8Array): void {
  const { file, sizeBytes } = openPlainFileNow(path);
  try {
    if (sizeBytes > 0) ftruncateSync(file);
    writeFileSync(file, bytes);
    checkLength(path, fstatSync(file).size, bytes);
  } finally {
    closeSync(file);
  }
}

async function writeInBackground(path: string, bytes: Uint8Array): Promise<void> {
  const file = await openPlainFile(path);
  try {
    await file.truncate(0);
    await file.writeFile(bytes);
    checkLength(path, (await file.stat()).size, bytes);
  } finally {
    await file.close();
  }
}

function checkLength(path: string, sizeBytes: number, { length }: Uint8Array): void {
  if (sizeBytes === length) return;
  const text = `${path} has ${sizeBytes} bytes on disk, and ${length} were written; does another program change the folder?`;
  throw new InputError("ERR_FILE_CHANGED", text, { retryable: true });
}
