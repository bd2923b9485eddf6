/** Source: a JSON Lines file, one input a line. */

import { decodeData } from "../core/content.js";
import { describeError, InputError, SourceError } from "../core/errors.js";
import type { InputDraft } from "../core/input.js";
import { bytesFromBase64 } from "../core/input-json.js";
import { parseJson } from "../core/json-text.js";
import { readLines } from "../core/lines.js";
import { checkPath, itemFrom, type Source } from "../core/plugin.js";

/** Longest line, in bytes: a text at the limit of the API, escaped. */
const maxLineBytes = 100_000_000;

/**
 * Reads a JSON Lines file from top to bottom: each line is an input, as `writeJsonl` writes it. Empty lines are passed by.
 *
 * A line that is not JSON, not UTF-8 or not an input, or that has a number which JavaScript would change (an integer beyond 2^53), fails alone and is
 * named by its line number; reading goes on. The file is closed at the end and on an early stop. `path` may be a pipe.
 *
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE
 * @example await flow(jsonl("./inputs.jsonl")).pipe(batch(), upload(app)).run();
 */
export function jsonl(path: string): Source {
  checkPath("jsonl", path);
  return {
    name: "jsonl",
    async *read({ signal }) {
      try {
        for await (const { number, bytes } of readLines(path, maxLineBytes)) {
          if (signal.aborted) return;
          if (bytes && isBlank(bytes)) continue;
          yield itemFrom(`${path}:${number}`, () => parse(bytes));
        }
      } catch (error) {
        throw new SourceError("ERR_FILE_UNREADABLE", `jsonl: ${path}: ${describeError(error)}`, { cause: error });
      }
    },
  };
}

function isBlank(line: Buffer): boolean {
  return line.length < 1000 && line.toString("utf8").trim() === "";
}

function parse(line: Buffer | undefined): InputDraft {
  if (!line) throw new InputError("ERR_LINE_TOO_LONG", `the line has more than ${maxLineBytes} bytes`);
  const text = decodeData(line, "the line");
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError("ERR_JSON", `the line is not JSON: ${describeError(error)}`, { cause: error });
  }
  if (typeof value === "object" && value !== null && "origin" in value && "stage" in value) {
    const hint = "read it with deadLetters(path), on the command line with sluice replay";
    throw new InputError("ERR_INPUT_SHAPE", `the line is a dead letter and no input; ${hint}`);
  }
  return bytesFromBase64(value as InputDraft);
}
