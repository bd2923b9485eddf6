/** Makes folders. */

import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and those above it that are missing. `mkdir` with `recursive` tries for ever where the system refuses a folder with ENOENT, as it does
 * in /proc, and reports a missing folder on a disk that is read-only.
 *
 * @throws what the system refuses the first folder with
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !isMade(folder); folder = dirname(folder)) missing.push(folder);
  for (const folder of missing.reverse()) mkdirSync(folder);
}

/** Makes one folder; false when the one above it is missing. */
function isMade(folder: string): boolean {
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && dirname(folder) !== folder) return false;
    if (code !== "EEXIST") throw error;
  }
  return true;
}
