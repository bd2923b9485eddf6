/** Creates folders. */

import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Creates a folder and its missing parents. `mkdir` with `recursive` does not fit: it never ends where the system refuses a folder with ENOENT, as in
 * /proc, and it reports a missing folder on a read-only disk.
 *
 * @throws the error of the system for the first folder that it refuses
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let folder = resolve(path); !isCreated(folder); folder = dirname(folder)) missing.push(folder);
  for (const folder of missing.reverse()) mkdirSync(folder);
}

/** Creates one folder; returns false if its parent is missing. */
function isCreated(folder: string): boolean {
  try {
    mkdirSync(folder);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && dirname(folder) !== folder) return false;
    if (code !== "EEXIST") throw error;
  }
  return true;
}
