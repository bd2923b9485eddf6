/** The folder of an export in JSON Lines: files of all kinds, and a manifest with the record of each input, as a download has it. */

import { createHash } from "node:crypto";
import { closeSync, createReadStream, mkdirSync, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describeError, InputError } from "../../../core/errors.js";
import { extensionFor } from "../../../core/files/file-names.js";
import { type Content, type Input, mediaOf } from "../../../core/input/input.js";
import type { Batch } from "../../../core/plugin/sink.js";
import { partialPath, placeMedia, rename } from "../../../formats/dataset-folder/media.js";
import { candidates, NameTable, safeName } from "../../../formats/dataset-folder/names.js";
import { lineOf, type ManifestFile } from "../../../formats/manifest/line.js";
import { manifestName } from "../../../formats/manifest/name.js";

const plugin = "export";
const filesFolder = "files";
/** Most bytes of a name, without what makes it unique. */
const maxStemLength = 60;

export class RecordFolder {
  readonly #path: string;
  readonly #signal: AbortSignal;
  readonly #names = new NameTable();
  readonly #manifest: number;

  constructor(path: string, signal: AbortSignal) {
    this.#path = path;
    this.#signal = signal;
    mkdirSync(join(path, filesFolder), { recursive: true });
    this.#manifest = openSync(join(path, manifestName), "wx");
  }

  /** Writes the files and the line of each input. */
  async write(batch: Batch): Promise<void> {
    for (const [index, input] of batch.inputs.entries()) {
      try {
        const files = await this.#filesOf(input);
        writeSync(this.#manifest, `${lineOf(input, files, { isOwnUrl: () => true })}\n`);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        batch.fail(index, error);
      }
    }
  }

  async close(): Promise<void> {
    closeSync(this.#manifest);
  }

  async #filesOf(input: Input): Promise<Map<string, ManifestFile>> {
    const files = new Map<string, ManifestFile>();
    const media = mediaOf(input);
    if (media) files.set(media.kind, await this.#place(input, media.content, extensionFor(media.content.mimeType)));
    if (input.text !== undefined) files.set("text", await this.#place(input, input.text, "txt"));
    if (files.size === 0) throw new InputError("ERR_ITEM", "the input has no content");
    return files;
  }

  async #place(input: Input, content: string | Content, extension: string): Promise<ManifestFile> {
    const path = this.#nameOf(input, extension);
    const whole = join(this.#path, path);
    if (typeof content === "string") writeFileSync(whole, content);
    else {
      if ("url" in content) throw new InputError("ERR_CONTENT_REMOTE", "the store has no file of this input");
      await placeMedia(content, whole, { media: "link", signal: this.#signal, plugin });
      rename(partialPath(whole), whole, plugin);
    }
    return { path, sizeBytes: statSync(whole).size, sha256: await hashOf(whole) };
  }

  /** Returns a path that no other input has: the file name of the metadata, else the id. */
  #nameOf(input: Input, extension: string): string {
    const { filename } = input.metadata;
    const own = typeof filename === "string" && filename !== "" ? filename : input.id;
    const name = safeName(own.slice(Math.max(own.lastIndexOf("/"), own.lastIndexOf("\\")) + 1));
    const suffix = /\.\w{1,8}$/.exec(name)?.[0];
    const stem = [...(suffix ? name.slice(0, -suffix.length) : name)].slice(0, maxStemLength).join("");
    for (const one of candidates({ stem: stem || "_", extension: suffix ?? `.${extension}` }, input.id)) {
      if (this.#names.claim(filesFolder, one.stem)) return `${filesFolder}/${one.stem}${one.extension}`;
    }
    throw new Error("no name is free"); // candidates never end
  }
}

async function hashOf(path: string): Promise<string> {
  const digest = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) digest.update(chunk);
  } catch (error) {
    throw new InputError("ERR_FILE_UNREADABLE", `its file cannot be read: ${describeError(error)}`, { cause: error });
  }
  return digest.digest("hex");
}
