/** The manifest of a download folder: one line of JSON for each input. */

import { lstatSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { extname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describeError, FlowError, InputError, SinkError } from "../../core/errors.js";
import { LockedError, takeLock } from "../../core/files/file-lock.js";
import { fileNameFor } from "../../core/files/file-names.js";
import { readLines } from "../../core/files/lines.js";
import { makeFolder } from "../../core/files/make-folder.js";
import { isObject } from "../../core/util/json/json-values.js";
import { digestOfLine, type ManifestFile, type ManifestLine } from "../../formats/manifest/line.js";
import { manifestName, manifestStart } from "../../formats/manifest/name.js";
import { original } from "../wire/decode-answers.js";
import { openPlainFile } from "./plain-file.js";

/** The record of an input in the manifest. */
export interface Recorded {
  /** Its files, by kind. */
  files: Map<string, ManifestFile>;
  /** Digest of its line; undefined for a line of the first format, which had no record. */
  digest?: string | undefined;
  /** When the platform created the input, or the address of its content: another value means other content. */
  creationOf?: string | undefined;
  /** Whether this run wrote the line. */
  current?: boolean;
}

/** Longest line, in bytes; annotations may be long. */
const maxLineBytes = 100_000_000;

/** Lines are collected for this long, and then written at once, in milliseconds. */
const gatherMs = 10;

/** Reads the records of earlier runs, and appends new ones. One process at a time writes into a folder. */
export class Manifest {
  readonly #folder: string;
  readonly #rendition: string;
  readonly #known = new Map<string, Recorded>();
  #file: FileHandle | undefined;
  #release: (() => Promise<void>) | undefined;
  #lines = "";
  /** The write that `#lines` wait for, and the one before it. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(folder: string, rendition: string) {
    this.#folder = folder;
    this.#rendition = rendition;
  }

  /** @throws {SinkError} ERR_FOLDER_IN_USE, ERR_FOLDER_RENDITION, ERR_FILE_UNWRITABLE */
  async open(): Promise<void> {
    const path = join(this.#folder, manifestName);
    try {
      makeFolder(this.#folder);
      this.#release = await takeLock(join(this.#folder, ".download"));
      this.#file = await openPlainFile(path);
      await this.#endLastLine(this.#file);
      await this.#load(path);
    } catch (error) {
      await this.close();
      throw asSinkError(this.#folder, error);
    }
  }

  /** Reads the records of earlier runs for a plan, and opens nothing for writing. */
  async look(): Promise<void> {
    await this.#load(join(this.#folder, manifestName)).catch((error: unknown) => {
      if (error instanceof SinkError) throw error; // any other: without a manifest, nothing is recorded
    });
  }

  /** Returns the record of an input. */
  find(id: string): Recorded | undefined {
    return this.#known.get(id);
  }

  /** Returns whether a file of the manifest exists with its full size. */
  hasFile({ path, sizeBytes }: ManifestFile): boolean {
    try {
      const found = lstatSync(join(this.#folder, path), { throwIfNoEntry: false });
      return found?.isFile() === true && found.size === sizeBytes;
    } catch {
      return false; // the file system refuses the name, so no such file exists
    }
  }

  /** Adds the line of an input whose files have their names. Resolves when the line is written, together with other lines. */
  add(id: string, line: string, recorded: Recorded): Promise<void> {
    this.#known.set(id, { ...recorded, digest: digestOfLine(line), current: true });
    this.#lines += `${line}\n`;
    if (!this.#next) {
      this.#next = this.#last.then(() => sleep(gatherMs)).then(() => this.#write());
      this.#last = this.#next.catch(() => undefined);
    }
    return this.#next;
  }

  /** Closes the file and releases the folder, after all lines are written. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    await this.#release?.();
    this.#release = undefined;
  }

  async #write(): Promise<void> {
    const lines = this.#lines;
    this.#lines = "";
    this.#next = undefined;
    const file = this.#file;
    if (!file) return;
    const { size } = await file.stat();
    try {
      await file.appendFile(lines);
    } catch (error) {
      // A full disk may have written a part of a line, and the next line must not follow it directly.
      await file.truncate(size).catch(() => void (this.#lines = `\n${this.#lines}`));
      const text = `${join(this.#folder, manifestName)} cannot be written: ${describeError(error)}`;
      throw new InputError("ERR_FILE_UNWRITABLE", text, { cause: error });
    }
  }

  /** Removes half a line of a run that was killed, because a reader would report a damaged record. Its input then has no line. */
  async #endLastLine(file: FileHandle): Promise<void> {
    const { size } = await file.stat();
    const start = await lastLineStart(file, size);
    if (start === size) return;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - start), 0, size - start, start);
    const line = buffer.toString("utf8", 0, bytesRead);
    const isCut = manifestStart.startsWith(line) || (line.startsWith(manifestStart) && !isJson(line));
    if (isCut) await file.truncate(start);
    else await file.appendFile("\n");
  }

  async #load(path: string): Promise<void> {
    for await (const { bytes } of readLines(path, maxLineBytes)) {
      if (!bytes) continue;
      const text = String(bytes);
      const line = parsed(text);
      // A killed run may leave half a line; its files are downloaded again.
      if (!line) continue;
      const { rendition = original } = line;
      if (rendition !== this.#rendition) throw otherRendition(path, rendition, this.#rendition);
      this.#take(line, text);
    }
  }

  /** Records a line. A later line of an input replaces an earlier one; lines of the first format are one for each file. */
  #take(line: ManifestLine, text: string): void {
    const { id, kind, manifest } = line;
    const first = fileOf(id, line);
    const second = line.text && fileOf(id, line.text);
    if (!first || (line.text && !second)) return;
    const before = manifest === undefined ? this.#known.get(id) : undefined;
    const files = new Map(before?.digest === undefined ? before?.files : []);
    files.set(kind, first);
    if (second) files.set("text", second);
    const creationOf = line.createdAt ?? line.url;
    this.#known.set(id, { files, digest: manifest === undefined ? undefined : digestOfLine(text), creationOf });
  }
}

/** The file that a line names; undefined if the name is not one that this sink makes: a path, say, or no text. */
function fileOf(id: string, { path, sizeBytes, sha256 }: ManifestFile): ManifestFile | undefined {
  if (typeof path !== "string") return undefined;
  return path === fileNameFor(id, extname(path).slice(1)) ? { path, sizeBytes, sha256 } : undefined;
}

function parsed(text: string): ManifestLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return isObject(line) && typeof line.id === "string" ? (line as unknown as ManifestLine) : undefined;
  } catch {
    return undefined;
  }
}

function otherRendition(path: string, found: string, asked: string): SinkError {
  const text = `${path} has files of the rendition "${found}", and this download asks for "${asked}"`;
  return new SinkError("ERR_FOLDER_RENDITION", `download: ${text}; choose another folder`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Finds where the last line begins: behind the last line break. */
async function lastLineStart(file: FileHandle, size: number): Promise<number> {
  const block = Buffer.alloc(64 * 1024);
  for (let end = size; end > 0; ) {
    const start = Math.max(0, end - block.length);
    const { bytesRead } = await file.read(block, 0, end - start, start);
    const at = block.subarray(0, bytesRead).lastIndexOf(10);
    if (at >= 0) return start + at + 1;
    end = start;
  }
  return 0;
}

function asSinkError(folder: string, error: unknown): FlowError {
  if (error instanceof FlowError && !(error.code === "ERR_DOWNLOAD_PATH")) return error;
  if (error instanceof LockedError) {
    const { pid, host } = error.owner;
    const text = `download: process ${pid} on ${host} downloads into ${folder}; wait for it, or choose another folder`;
    return new SinkError("ERR_FOLDER_IN_USE", text, { retryable: true });
  }
  return new SinkError("ERR_FILE_UNWRITABLE", `download: ${folder}: ${describeError(error)}`, { cause: error });
}
