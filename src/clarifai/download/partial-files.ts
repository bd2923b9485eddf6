/** The partial files of a download folder: of earlier runs and of this one. */

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { codeOf } from "../../core/errors.js";
import { fileNameFor } from "../../core/files/file-names.js";
import { PartialFile } from "./partial-file.js";
import { SmallWriter } from "./small-writer.js";

/** A tag that fits into a file name; any other tag is ignored. */
const usableTag = /^"[\x21\x23-\x7e]{1,88}"$/;

/** The name of a partial file: the result of `fileNameFor` for id and kind, and the tag. */
const partialName = /^([a-z0-9_-]{1,64}(?:\.[0-9a-f]{32})?\.(?:image|video|audio|text))(?:\.([A-Za-z0-9_-]+))?\.part$/;

/**
 * Names partial files `id.kind.tag.part`. A later run reads from the name which content the bytes belong to, so that it never joins parts of two
 * contents. A download without a tag starts again from its first byte.
 */
export class PartialFiles {
  readonly #folder: string;
  readonly #small = new SmallWriter();
  /** Names by id and kind. */
  readonly #kept = new Map<string, string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const key = partialName.exec(name)?.[1];
      if (key !== undefined) this.#kept.set(key, name);
    }
  }

  /**
   * Runs `work` on the partial file of an input, with the bytes so far; a file that is not completed is kept for the next run. Call it once at a time for the
   * same input.
   *
   * @throws {InputError} ERR_DOWNLOAD_PATH if its name belongs to something that is not a plain file
   */
  async use<T>(id: string, kind: string, work: (file: PartialFile) => Promise<T>): Promise<T> {
    const key = fileNameFor(id, kind);
    const file = await this.#file(key);
    try {
      return await work(file);
    } finally {
      if (await file.keep()) this.#kept.set(key, basename(file.path));
    }
  }

  async #file(key: string): Promise<PartialFile> {
    const pathOf = (etag: string | undefined) => join(this.#folder, `${key}${suffixFor(etag)}`);
    const file = new PartialFile({ pathOf, small: this.#small });
    const kept = this.#kept.get(key);
    if (kept === undefined) return file;
    this.#kept.delete(key);
    const etag = etagIn(kept);
    try {
      await file.resume(etag);
      if (etag === undefined) file.restart(undefined); // without a tag, the server may have other content by now
    } catch (error) {
      if (codeOf(error, "") === "ERR_DOWNLOAD_PATH") throw error;
      file.restart(undefined);
    }
    return file;
  }
}

/** Returns the end of the name of a partial file, which has the tag if that is short enough. */
export function suffixFor(etag: string | undefined): string {
  return etag !== undefined && usableTag.test(etag) ? `.${Buffer.from(etag).toString("base64url")}.part` : ".part";
}

function etagIn(name: string): string | undefined {
  return decodedTag(partialName.exec(name)?.[2]);
}

/** Reads the tag from the end of a name that `suffixFor` made; undefined if it has none. */
export function tagInSuffix(suffix: string): string | undefined {
  return decodedTag(/^\.([A-Za-z0-9_-]+)\.part$/.exec(suffix)?.[1]);
}

function decodedTag(encoded = ""): string | undefined {
  const etag = Buffer.from(encoded, "base64url").toString();
  return usableTag.test(etag) ? etag : undefined;
}
