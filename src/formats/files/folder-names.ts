/** The names of a folder from which ids and journal keys are made. */

import { realpathSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { folderName } from "../../core/input/ids.js";
import { type FileOptions, idOfPath } from "./file-item.js";

/** Returns the names of a folder, or of the folder of a single file, and the function that makes the ids of its files. */
export function namesOfFolder(
  root: string,
  ids: FileOptions["ids"],
): Pick<FileOptions, "realPath" | "folderName" | "idOfOrigin"> {
  const base = folderOf(root);
  const names = { realPath: realPath(base), folderName: folderName(base) };
  const relativeOf = (origin: string) => (base === root ? origin.slice(root.length + 1) : basename(origin));
  return { ...names, idOfOrigin: (origin) => idOfPath(relativeOf(origin), { ...names, ids }) };
}

/** Returns the folder that relative paths begin in. A single file gets the id that it has in its own folder. */
function folderOf(root: string): string {
  return statSync(root, { throwIfNoEntry: false })?.isFile() ? dirname(root) : root;
}

function realPath(root: string): string {
  try {
    return realpathSync(root);
  } catch {
    return root; // the scan reports the error
  }
}
