/** Paths of images in labels: finds the file, without leaving the dataset. */

import { statSync } from "node:fs";
import { isAbsolute, join, posix } from "node:path";
import { InputError } from "../../core/errors.js";

/** Text of the next step for a path that leaves the dataset. */
const hint = "name the folder of the images, or allow it with allowOutside: true";

/**
 * Returns the name of an image in a label as a path with `/`. Backslashes of Windows become slashes.
 *
 * @throws {InputError} ERR_LABEL for an absolute path, a drive, or a path out of the dataset, unless it is allowed
 */
export function pathOfName(name: string, { label, allowOutside }: { label: string; allowOutside: boolean }): string {
  if (name === "" || name.includes("\0")) throw new InputError("ERR_LABEL", `${label}: the name of the image is empty`);
  if (allowOutside) return name.replaceAll("\\", "/");
  const path = posix.normalize(name.replaceAll("\\", "/"));
  const isOutside = isAbsolute(name) || /^[A-Za-z]:|^\//.test(path) || path === ".." || path.startsWith("../");
  if (!isOutside) return path;
  throw new InputError("ERR_LABEL", `${label}: the image ${JSON.stringify(name)} lies outside the dataset; ${hint}`);
}

/** Finds images in the folders where a layout may have them. Tries the folder of the last hit first. */
export class ImageFinder {
  readonly #folders: string[];

  constructor(folders: readonly string[]) {
    this.#folders = [...folders];
  }

  /** Returns the path of an image; undefined if no folder has it. */
  find(relative: string): string | undefined {
    if (isAbsolute(relative)) return isFile(relative) ? relative : undefined;
    for (const [index, folder] of this.#folders.entries()) {
      const path = join(folder, relative);
      if (!isFile(path)) continue;
      if (index > 0) this.#folders.unshift(...this.#folders.splice(index, 1));
      return path;
    }
    return undefined;
  }

  /** Returns the path that is tried first, for errors. */
  expected(relative: string): string {
    return isAbsolute(relative) ? relative : join(this.#folders[0] ?? "", relative);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
