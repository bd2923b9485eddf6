/** Sink: writes each input as one line of JSON. */

import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import * as z from "zod";
import { diskTarget } from "../core/accounting/targets.js";
import { describeError, InputError, SinkError } from "../core/errors.js";
import { LockedError, takeLock } from "../core/files/file-lock.js";
import { makeFolder } from "../core/files/make-folder.js";
import { bytesAsBase64 } from "../core/input/input-json.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { Batch } from "../core/plugin/sink.js";

const Options = z.strictObject({
  /** Adds to a file that exists. Default: false, and a file that exists is an error. */
  append: z.boolean().default(false),
});
/** Options of `writeJsonl`. */
export type WriteJsonlOptions = OptionsOf<typeof Options>;

/**
 * Writes each input as one line of a JSON Lines file, which `jsonl(path)` reads again. Bytes in memory are written as base64 under
 * `bytes`; files and URLs stay references.
 *
 * Keeps order. An input goes on downstream when the system has its line. The file is closed at the end, on an error and on an early stop; whole
 * lines stay. One run at a time writes a file.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_FILE_EXISTS, ERR_FILE_LOCKED, ERR_FILE_UNWRITABLE
 * @example await flow(folder("./photos")).pipe(writeJsonl("./photos.jsonl")).run();
 */
export const writeJsonl = defineSink({
  name: "writeJsonl",
  parse(path: string, options: WriteJsonlOptions = {}) {
    checkPath("writeJsonl", path);
    return { path, ...parseOptions("writeJsonl", Options, options) };
  },
  target: ({ path }) => diskTarget("write to", path),
  open: ({ options: { path, append } }) =>
    LineFile.open(path, append).catch((error: unknown) => {
      throw asSinkError(path, error);
    }),
  async write(batch, { options: { path }, state: file }) {
    await file.append(linesOf(batch)).catch((error: unknown) => {
      throw asSinkError(path, error);
    });
  },
  close: ({ state: file }) => file.close(),
});

/** Writes the inputs as lines; what JSON cannot hold, such as data that is nested too deeply, fails alone. */
function linesOf(batch: Batch): string {
  let lines = "";
  for (const [index, input] of batch.inputs.entries()) {
    try {
      lines += `${JSON.stringify(input, bytesAsBase64)}\n`;
    } catch (error) {
      batch.fail(index, new InputError("ERR_JSON", `the input cannot be written as JSON: ${describeError(error)}`));
    }
  }
  return lines;
}

/** A file that grows by whole lines, held by this process until it is closed. */
class LineFile {
  readonly #file: FileHandle;
  readonly #release: () => Promise<void>;
  /** Where the last whole line ends; undefined for a device, which has no end. */
  #endsAt: number | undefined;

  private constructor(file: FileHandle, endsAt: number | undefined, release: () => Promise<void>) {
    this.#file = file;
    this.#endsAt = endsAt;
    this.#release = release;
  }

  static async open(path: string, append: boolean): Promise<LineFile> {
    makeFolder(dirname(path));
    const isDevice = await stat(path).then(
      (found) => !found.isFile(),
      () => false,
    );
    const release = isDevice ? async () => undefined : await takeLock(resolve(path));
    let file: FileHandle | undefined;
    try {
      file = await open(path, append ? "a+" : "wx+");
      return new LineFile(file, isDevice ? undefined : await endOfLines(file), release);
    } catch (error) {
      await file?.close();
      await release();
      throw error;
    }
  }

  /** Adds lines. After a failed write, as on a full disk, no part of a line stays. */
  async append(lines: string): Promise<void> {
    const bytes = Buffer.from(lines);
    try {
      await this.#file.appendFile(bytes);
    } catch (error) {
      if (this.#endsAt !== undefined) await this.#file.truncate(this.#endsAt).catch(() => undefined);
      throw error;
    }
    if (this.#endsAt !== undefined) this.#endsAt += bytes.length;
  }

  async close(): Promise<void> {
    try {
      await this.#file.close();
    } finally {
      await this.#release();
    }
  }
}

/** Ends a last line that a killed run left torn, so that the next one is not joined to it; returns the size of the file. */
async function endOfLines(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  if (size === 0) return 0;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (buffer.toString() === "\n") return size;
  await file.appendFile("\n");
  return size + 1;
}

function asSinkError(path: string, error: unknown): SinkError {
  if (error instanceof LockedError) {
    const { pid, host } = error.owner;
    const text = `writeJsonl: ${path} is held by process ${pid} on ${host}; one run at a time may write it`;
    return new SinkError("ERR_FILE_LOCKED", text, { retryable: true });
  }
  const { code, syscall } = error as NodeJS.ErrnoException;
  const exists = code === "EEXIST" && syscall === "open";
  const text = exists ? "exists already (append: true adds to it)" : `cannot be written: ${describeError(error)}`;
  const kind = exists ? "ERR_FILE_EXISTS" : "ERR_FILE_UNWRITABLE";
  return new SinkError(kind, `writeJsonl: ${path} ${text}`, { cause: error });
}
