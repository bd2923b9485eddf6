/** Compares the media files of a store with its rows when the emulator starts. */

import type { Store } from "../store/store.js";
import type { MediaFiles } from "./media-files.js";

/** What the emulator found in its data folder when it started. */
export interface FolderCheck {
  /** Media files without an input, which were deleted. A process that is killed between writing a file and its row leaves one. */
  collectedFiles: number;
  /** Inputs whose media file is missing. Their rows stay, but their bytes cannot be downloaded. */
  inputsWithoutMedia: number;
}

/**
 * Deletes media files without rows, and counts rows without media files.
 *
 * It must run before the server listens: later, a file without a row may belong to an upload in progress.
 */
export function checkMedia(store: Store, files: MediaFiles): FolderCheck {
  const check: FolderCheck = { collectedFiles: 0, inputsWithoutMedia: 0 };
  const sql = "SELECT sha256, count(*) AS inputs FROM inputs WHERE sha256 >= ? AND sha256 < ? GROUP BY sha256";
  for (let first = 0; first < 256; first += 1) {
    const prefix = first.toString(16).padStart(2, "0");
    const rows = store.all<{ sha256: string; inputs: number }>(sql, prefix, `${prefix}g`); // "g" sorts after all hexadecimal digits.
    const missing = new Map(rows.map(({ sha256, inputs }) => [sha256, inputs]));
    for (const sha256 of files.list(prefix)) {
      if (missing.delete(sha256) || store.usesMedia(sha256)) continue;
      files.remove(sha256);
      check.collectedFiles += 1;
    }
    for (const inputs of missing.values()) check.inputsWithoutMedia += inputs;
  }
  return check;
}
