/** Finds the pairs of one folder: media files, and the captions and data beside them. */

import { statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { extensionOf, mediaKindOfName } from "../../core/input/detect/names.js";
import type { Kind } from "../../core/input/input.js";
import { DigestSet, digestOfKey } from "../../core/util/digest-set.js";
import type { Sidecars } from "./pairs.js";

const captionExtensions = ["txt", "caption"];
const dataExtension = "json";
const extensions = [...captionExtensions, dataExtension];

/** The names of one folder that may form pairs. Uses 12 to 37 bytes of memory for each of them, since a folder may have millions. */
export class Pairs {
  /** Digests of the names of media files without their extensions. */
  readonly #media = new DigestSet();
  /** Digests of the names of possible sidecars. */
  readonly #sidecars = new DigestSet();
  /** Sidecars whose extensions have capital letters, which are rare, by their names in the usual form. */
  readonly #capitals = new Map<string, string[]>();

  readonly #kinds: readonly Kind[] | undefined;

  /** @param kinds the kinds that are read. */
  constructor(kinds?: readonly Kind[]) {
    this.#kinds = kinds;
  }

  /** Adds a file of the folder. If `include` does not match it, it can still be a sidecar. */
  add(name: string, isIncluded: boolean): void {
    const kind = mediaKindOfName(name);
    if (kind !== undefined) {
      if (isIncluded && (this.#kinds?.includes(kind) ?? true)) this.#media.add(digestOfKey(stemOf(name)));
    } else if (isSidecarName(name)) {
      const usual = `${stemOf(name)}.${extensionOf(name)}`;
      if (usual === name) this.#sidecars.add(digestOfKey(name));
      else this.#capitals.set(usual, [...(this.#capitals.get(usual) ?? []), name]);
    }
  }

  /** Whether a file belongs to a media file that is read. */
  isPart(name: string): boolean {
    return isSidecarName(name) && this.#media.has(digestOfKey(stemOf(name)));
  }

  /** Returns the sidecars of a media file by its path; undefined if it has none. */
  of(path: string): Sidecars | undefined {
    const name = basename(path);
    if (mediaKindOfName(name) === undefined) return undefined;
    const folder = path.slice(0, path.length - name.length);
    const stem = stemOf(name);
    const pathsOf = (extension: string) => this.#namesOf(`${stem}.${extension}`).map((found) => `${folder}${found}`);
    const captions = captionExtensions.flatMap(pathsOf);
    const [data] = pathsOf(dataExtension);
    return captions.length > 0 || data !== undefined ? { captions, data } : undefined;
  }

  #namesOf(usual: string): string[] {
    const capitals = this.#capitals.size > 0 ? (this.#capitals.get(usual) ?? []) : [];
    return this.#sidecars.has(digestOfKey(usual)) ? [usual, ...capitals] : capitals;
  }
}

/** Returns the sidecars of a media file that the user named, without reading its folder: those whose extensions have small letters. */
export function sidecarsOfFile(path: string): Sidecars | undefined {
  const pairs = new Pairs();
  for (const extension of extensions) {
    const name = `${stemOf(basename(path))}.${extension}`;
    if (statSync(`${dirname(path)}/${name}`, { throwIfNoEntry: false })?.isFile()) pairs.add(name, true);
  }
  return pairs.of(path);
}

function isSidecarName(name: string): boolean {
  return extensions.includes(extensionOf(name));
}

function stemOf(name: string): string {
  return name.slice(0, name.lastIndexOf("."));
}
