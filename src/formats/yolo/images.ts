/** Images of a YOLO dataset and their label files. */

import { existsSync, opendirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { InputError } from "../../core/errors.js";
import { mediaKindOfName } from "../../core/input/detect/names.js";
import { DigestSet, digestOfKey } from "../../core/util/digest-set.js";
import { linesOf } from "./layout.js";

/** An image, or an entry that is wrong. */
export type FoundImage = { path: string; label: string } | { origin: string; error: Error };

/** Texts that are no labels. */
const notLabels = /^(classes|labels|train|val|valid|test|readme.*|license.*|requirements)\.txt$/i;

/** Returns the path of the label of an image: in labels/ in place of the last images/ of the path, else beside the image. */
export function labelPathOf(image: string): string {
  const text = `${image.replace(/\.[^./\\]+$/, "")}.txt`;
  const at = Math.max(text.lastIndexOf("/images/"), text.lastIndexOf("\\images\\"));
  if (at < 0) return text;
  const inLabels = `${text.slice(0, at + 1)}labels${text.slice(at + 7)}`;
  return existsSync(inLabels) || !existsSync(text) ? inLabels : text;
}

/** Finds the images of one split, and label files without image. */
export class SplitImages {
  readonly #root: string;
  readonly #allowOutside: boolean;
  readonly #seen = new DigestSet();
  readonly #labelFolders = new Set<string>();

  constructor(root: string, allowOutside: boolean) {
    this.#root = resolve(root);
    this.#allowOutside = allowOutside;
  }

  /** Yields the images of a folder or a list, or the image that the path is. */
  *imagesOf(path: string): Generator<FoundImage> {
    if (statSync(path).isDirectory()) yield* this.#imagesIn(path);
    else if (mediaKindOfName(basename(path)) === "image") yield this.#found(path);
    else yield* this.#imagesOfList(path);
  }

  /** Yields an error for each label file without image, in the folders of the labels so far. */
  *orphans(): Generator<FoundImage> {
    for (const folder of this.#labelFolders) {
      for (const name of namesIn(folder)) {
        if (!/\.txt$/i.test(name) || name.startsWith(".") || notLabels.test(name)) continue;
        const path = join(folder, name);
        if (this.#seen.has(digestOfKey(path)) || !isLabel(path)) continue;
        const text = `the label ${path} has no image of the same name`;
        yield { origin: path, error: new InputError("ERR_IMAGE_MISSING", text) };
      }
    }
  }

  *#imagesIn(folder: string): Generator<FoundImage> {
    const folders: string[] = [];
    const directory = opendirSync(folder);
    try {
      for (let entry = directory.readSync(); entry; entry = directory.readSync()) {
        const { name } = entry;
        const path = join(folder, name);
        if (name.startsWith(".")) continue;
        if (entry.isDirectory() && name !== "labels") folders.push(path);
        else if (mediaKindOfName(name) === "image") yield this.#found(path);
      }
    } finally {
      directory.closeSync();
    }
    for (const inner of folders.sort()) yield* this.#imagesIn(inner);
  }

  *#imagesOfList(list: string): Generator<FoundImage> {
    const folder = dirname(list);
    for (const [index, line] of linesOf(list).entries()) {
      const name = line.replaceAll("\\", "/");
      const candidates = isAbsolute(name)
        ? [name]
        : [resolve(folder, name), resolve(this.#root, name), resolve(this.#root, name.replace(/^\.?\/?data\//, ""))];
      const origin = `${list}:${index + 1}`;
      const found = candidates.find((one) => existsSync(one));
      if (found === undefined) {
        const text = `${origin}: the image ${name} is not there: ${candidates[0]} does not exist`;
        yield { origin, error: new InputError("ERR_IMAGE_MISSING", text) };
      } else if (!this.#allowOutside && relative(this.#root, found).startsWith("..")) {
        const text = `${origin}: the image ${name} lies outside the dataset; allow that with allowOutside: true`;
        yield { origin, error: new InputError("ERR_LABEL", text) };
      } else yield this.#found(found);
    }
  }

  #found(path: string): FoundImage {
    const label = labelPathOf(path);
    this.#labelFolders.add(dirname(label));
    this.#seen.add(digestOfKey(label));
    return { path, label };
  }
}

function namesIn(folder: string): Iterable<string> {
  if (!existsSync(folder)) return [];
  return (function* () {
    const directory = opendirSync(folder);
    try {
      for (let entry = directory.readSync(); entry; entry = directory.readSync())
        if (!entry.isDirectory()) yield entry.name;
    } finally {
      directory.closeSync();
    }
  })();
}

/** Whether a text begins with a row of numbers. An empty one is a label, too. */
function isLabel(path: string): boolean {
  const [first = ""] = readFileSync(path, "utf8").trim().split("\n");
  return first === "" || /^[\d.eE+\s-]+$/.test(first);
}

/** Reads a label file. Undefined if the image has none. */
export function readLabel(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
