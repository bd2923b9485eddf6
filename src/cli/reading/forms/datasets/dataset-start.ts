/** Looks at the beginning of files, to recognize the formats of annotated datasets without reading them. */

import { closeSync, type Dir, opendirSync, openSync, readSync, statSync } from "node:fs";

const headBytes = 4096;
/** Names of a folder that are looked at. */
const maxNames = 1000;

/** Returns the first characters of a file; empty if it cannot be read. */
export function startOf(path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const bytes = Buffer.alloc(headBytes);
    return bytes.toString("utf8", 0, readSync(file, bytes, 0, headBytes, 0));
  } catch {
    return "";
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Returns some names of a folder; none if it cannot be read. A large folder is not read as a whole. */
export function namesIn(path: string): string[] {
  let folder: Dir | undefined;
  try {
    folder = opendirSync(path);
    const names: string[] = [];
    for (let entry = folder.readSync(); entry && names.length < maxNames; entry = folder.readSync())
      names.push(entry.name);
    return names;
  } catch {
    return [];
  } finally {
    folder?.closeSync();
  }
}

export function hasFolder(path: string, name: string): boolean {
  return statSync(`${path}/${name}`, { throwIfNoEntry: false })?.isDirectory() === true;
}
