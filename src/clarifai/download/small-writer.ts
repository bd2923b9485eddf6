/** Writes small files: synchronously on a fast disk, which takes a fraction of the time, and in the background on a slow one. */

import { closeSync, fstatSync, ftruncateSync, renameSync, writeFileSync } from "node:fs";
import { rename } from "node:fs/promises";
import { InputError } from "../../core/errors.js";
import { openPlainFile, openPlainFileNow } from "./plain-file.js";

/** A disk is slow, for example on a network, if it takes longer than this for a small file, so many times in a row. */
const slowMs = 5;
const slowTimes = 8;

/** Writes small files, first under a temporary name, then under their own. */
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
