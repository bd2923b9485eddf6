/** Sink: writes each input as one line of JSON. */

import { type FileHandle, mkdir, open } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import { SinkError } from "../core/errors.js";
import { bytesAsBase64 } from "../core/input-json.js";
import type { Message } from "../core/message.js";
import { parseOptions, type Sink } from "../core/plugin.js";
import { sinkOperator } from "../core/sink-operator.js";

const Options = z.strictObject({
  /** Adds to a file that exists. Default: false, and a file that exists is an error. */
  append: z.boolean().default(false),
});
export type WriteJsonlOptions = z.input<typeof Options>;

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
  const { append } = parseOptions("writeJsonl", Options, options);
  return (input) => {
    let file: FileHandle | undefined;
    const sink: Sink = {
      name: "writeJsonl",
      async open() {
        await mkdir(dirname(path), { recursive: true });
        file = await open(path, append ? "a" : "wx").catch((error: NodeJS.ErrnoException) => {
          const code = error.code === "EEXIST" ? "ERR_FILE_EXISTS" : "ERR_FILE_UNWRITABLE";
          const hint = error.code === "EEXIST" ? "exists already (append: true adds to it)" : error.message;
          throw new SinkError(code, `writeJsonl: ${path} ${hint}`, { cause: error });
        });
      },
      async write(inputs) {
        await file?.appendFile(inputs.map((entry) => `${JSON.stringify(entry, bytesAsBase64)}\n`).join(""));
      },
      close: () => file?.close(),
    };
    return sinkOperator(sink, `write to ${resolve(path)}`)(input);
  };
}
