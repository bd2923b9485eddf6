/** Sink: writes each input as one line of JSON. */

import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import { SinkError } from "../core/errors.js";
import { bytesAsBase64 } from "../core/input-json.js";
import type { Message } from "../core/message.js";
import { checkPath, type OptionsOf, parseOptions, type Sink } from "../core/plugin.js";
import { sinkOperator } from "../core/sink-operator.js";
import { diskTarget } from "../core/targets.js";

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
 * Keeps order. An input goes on downstream when the system has its line. The file is closed at the end, on an error and on an early stop; what
 * was written stays.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_FILE_EXISTS, ERR_FILE_UNWRITABLE
 * @example await flow(folder("./photos")).pipe(writeJsonl("./photos.jsonl")).run();
 */
export function writeJsonl(
  path: string,
  options: WriteJsonlOptions = {},
): OperatorFunction<Message | readonly Message[], Message> {
  checkPath("writeJsonl", path);
  const { append } = parseOptions("writeJsonl", Options, options);
  return (input) => {
    let file: FileHandle | undefined;
    const sink: Sink = {
      name: "writeJsonl",
      async open() {
        try {
          await mkdir(dirname(path), { recursive: true });
          file = await open(path, append ? "a" : "wx");
        } catch (error) {
          throw asSinkError(path, error as NodeJS.ErrnoException);
        }
      },
      async write(inputs) {
        const lines = inputs.map((entry) => `${JSON.stringify(entry, bytesAsBase64)}\n`).join("");
        await file?.appendFile(lines).catch((error: NodeJS.ErrnoException) => {
          throw asSinkError(path, error);
        });
      },
      close: () => file?.close(),
    };
    return sinkOperator(sink, diskTarget("write to", path))(input);
  };
}

function asSinkError(path: string, error: NodeJS.ErrnoException): SinkError {
  const exists = error.code === "EEXIST" && error.syscall === "open";
  const text = exists ? "exists already (append: true adds to it)" : `cannot be written: ${error.message}`;
  const code = exists ? "ERR_FILE_EXISTS" : "ERR_FILE_UNWRITABLE";
  return new SinkError(code, `writeJsonl: ${path} ${text}`, { cause: error });
}
