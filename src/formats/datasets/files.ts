/** Files of a dataset: lists them, and resolves the names in label files without leaving the dataset. */

import { type Dirent, readdirSync, statSync } from "node:fs";
import { basename, extname, posix, resolve, sep } from "node:path";
import { describeError, InputError, SourceError } from "../../core/errors.js";

/** Extensions of images. */
const images = /\.(jpe?g|png|bmp|webp|tiff?|gif|avif|heic|heif|jfif|ppm|pgm)$/i;

/** Whether a file is named like an image. */
export function isImageName(name: string): boolean {
  return images.test(name);
}

/** Returns a path without its extension. */
export function stemOf(relative: string): string {
  return relative.slice(0, relative.length - extname(relative).length);
}

/**
 * Yields the paths of files below a folder, relative to it, each folder in the order of its names. Hidden files and links to folders are left out; links to files count as files.
 *
 * @throws {SourceError} ERR_FOLDER_UNREADABLE
 */
export function* filesBelow(root: string, plugin: string, relative = ""): Generator<string> {
  const folder = relative === "" ? root : `${root}/${relative}`;
  let entries: Dirent[];
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    throw new SourceError("ERR_FOLDER_UNREADABLE", `${plugin}: ${folder} cannot be read: ${describeError(error)}`, {
      cause: error,
    });
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (entry.name.startsWith(".")) continue;
    const name = relative === "" ? entry.name : `${relative}/${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(root, plugin, name);
    else if (entry.isFile() || (entry.isSymbolicLink() && isFile(`${root}/${name}`))) yield name;
  }
}

/** Returns the names of files directly inside a folder, in their order. */
export function filesIn(path: string): string[] {
  const entries = readdirSync(path, { withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.name.startsWith("."))
    .map(({ name }) => name)
    .sort();
}

/** Returns the folders directly inside a folder, in the order of their names; none if there is no such folder. */
export function foldersIn(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

/** Returns the folder of one of these names, in any case, inside a folder. */
export function folderNamed(path: string, ...names: string[]): string | undefined {
  const folders = foldersIn(path);
  for (const name of names) {
    const found =
      folders.find((folder) => folder === name) ??
      folders.find((folder) => folder.toLowerCase() === name.toLowerCase());
    if (found !== undefined) return `${path}/${found}`;
  }
  return undefined;
}

export function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  } catch {
    return false;
  }
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * Resolves a name that a label file has, in a folder of the dataset. Backslashes separate folders, as on Windows.
 *
 * @returns the path relative to `root`, or undefined if it lies outside of it
 */
export function insideOf(root: string, folder: string, name: string): string | undefined {
  if (name.includes("\0")) return undefined;
  const path = posix.join(folder === "" ? "." : folder, name.replaceAll("\\", "/"));
  const [whole, base] = [resolve(root, path), resolve(root)];
  const isInside =
    whole.startsWith(base.endsWith(sep) ? base : base + sep) && !posix.isAbsolute(name) && !/^[A-Za-z]:/.test(name);
  return isInside ? path : undefined;
}

/** Returns the last part of a name with slashes or backslashes. */
export function lastPart(name: string): string {
  return basename(name.replaceAll("\\", "/"));
}

/** Makes the error of an entry whose image does not exist. */
export function missingImage(label: string, name: string, tried: readonly string[]): InputError {
  const where = tried.length > 0 ? `; tried ${tried.slice(0, 3).join(", ")}` : "; it lies outside of the dataset";
  return new InputError("ERR_IMAGE_MISSING", `${label}: the image ${JSON.stringify(name)} does not exist${where}`);
}
