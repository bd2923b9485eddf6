/** Source: a JSON Lines file, one input a line. */

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { describeError, InputError, SourceError } from "../core/errors.js";
import type { InputDraft } from "../core/input.js";
import { itemFrom, type Source } from "../core/plugin.js";

/** Longest line, in characters: two texts at the limit of the API, escaped. */
const maxLineLength = 100_000_000;

/**
 * Reads a JSON Lines file from top to bottom: each line is an input, as `writeJsonl` writes it. Empty lines are passed by.
 *
 * A line that is not JSON, or is no input, fails alone, named by its number; reading goes on. The file is closed at the end and on an early
 * stop.
 *
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE
 * @example await flow(jsonl("./inputs.jsonl")).pipe(batch(), upload(app)).run();
 */
export function jsonl(path: string): Source {
  return {
    name: "jsonl",
    async *read({ signal }) {
      const file = createReadStream(path, { encoding: "utf8", highWaterMark: 256 * 1024 });
      const lines = createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY });
      let number = 0;
      try {
        // A line reader does not hand on the errors of its stream.
        await new Promise<void>((resolve, reject) => file.once("open", () => resolve()).once("error", reject));
        for await (const line of lines) {
          if (signal.aborted) return;
          number += 1;
          const text = number === 1 ? line.replace(/^\uFEFF/, "") : line;
          if (text.trim() !== "") yield itemFrom(`${path}:${number}`, () => parse(text));
        }
      } catch (error) {
        throw new SourceError("ERR_FILE_UNREADABLE", `jsonl: ${path}: ${describeError(error)}`, { cause: error });
      } finally {
        lines.close();
        file.destroy();
      }
    },
  };
}

function parse(line: string): InputDraft {
  if (line.length > maxLineLength) {
    throw new InputError("ERR_LINE_TOO_LONG", `the line has ${line.length} characters; the limit is ${maxLineLength}`);
  }
  try {
    return JSON.parse(line, revive) as InputDraft;
  } catch (error) {
    throw new InputError("ERR_JSON", `the line is not JSON: ${describeError(error)}`, { cause: error });
  }
}

/** Bytes were written as base64. */
function revive(key: string, value: unknown): unknown {
  if (key !== "bytes" || typeof value !== "object" || value === null) return value;
  const { base64 } = value as { base64?: unknown };
  return typeof base64 === "string" ? Buffer.from(base64, "base64") : value;
}
