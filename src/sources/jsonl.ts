/** Source: a JSON Lines file, one input a line. */

import { dirname } from "node:path";
import * as z from "zod";
import { describeError, InputError, SourceError } from "../core/errors.js";
import { readLines } from "../core/files/lines.js";
import { decodeData } from "../core/input/content.js";
import type { InputDraft } from "../core/input/input.js";
import { bytesFromBase64 } from "../core/input/input-json.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { draftIds, idsOption } from "../core/plugin/row-ids.js";
import { itemFrom, type SourceItem } from "../core/plugin/source.js";
import { parseJson } from "../core/util/json-text.js";
import { inputOfLine, isManifestLine, lastLines } from "../formats/manifest/lines.js";

/** Longest line, in bytes: a text at the limit of the API, escaped. */
const maxLineBytes = 100_000_000;

const Options = z.strictObject({
  /**
   * What ids are made of: the name of an entry of the metadata, of several, or a function of the line's input. One value that is a possible id is the id.
   * Default: the input's own id, else a hash of what stands in the line and of its occurrence among equal lines.
   */
  ids: idsOption<InputDraft>().optional(),
});
/** Options of `jsonl`. */
export type JsonlOptions = OptionsOf<typeof Options>;

/**
 * Reads a JSON Lines file from top to bottom: each line is an input, as `writeJsonl` writes it. Empty lines are passed by.
 *
 * It also reads the manifest of a download. Paths in it are relative to its folder and stay inside of it (ERR_MANIFEST_PATH). A file that has changed
 * since its download fails its input (ERR_FILE_CHANGED); for that, each file is read once more. Of an input with several lines, the last one counts.
 *
 * A line that is not JSON, not UTF-8 or not an input, or that has a number which JavaScript would change (an integer beyond 2^53), fails alone and is
 * named by its line number; reading goes on. The file is closed at the end and on an early stop. `path` may be a pipe.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE
 * @example await flow(jsonl("./inputs.jsonl")).pipe(batch(), upload(app)).run();
 */
export const jsonl = defineSource({
  name: "jsonl",
  parse(path: string, options: JsonlOptions = {}) {
    checkPath("jsonl", path);
    return { path, ...parseOptions("jsonl", Options, options) };
  },
  async *read({ path, ids }, { signal }) {
    const giveId = draftIds(ids);
    let last: ReadonlyMap<string, number> | undefined;
    try {
      for await (const { number, bytes } of readLines(path, maxLineBytes)) {
        if (signal.aborted) return;
        if (bytes && isBlank(bytes)) continue;
        const origin = `${path}:${number}`;
        const item = itemFrom(origin, () => parse(bytes));
        if (!("input" in item) || !isManifestLine(item.input)) {
          yield giveId(item, number);
          continue;
        }
        const line = item.input;
        last ??= await lastLines(path, maxLineBytes);
        if (number < (last.get(line.id as string) ?? number)) {
          yield { origin, skipped: "a later line has this input" };
        } else yield giveId(await manifestItem(origin, line, dirname(path)), number);
      }
    } catch (error) {
      throw new SourceError("ERR_FILE_UNREADABLE", `jsonl: ${path}: ${describeError(error)}`, { cause: error });
    }
  },
});

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

async function manifestItem(origin: string, line: Record<string, unknown>, folder: string): Promise<SourceItem> {
  try {
    return { origin, input: await inputOfLine(line, folder) };
  } catch (error) {
    if (error instanceof InputError) return { origin, error };
    throw error;
  }
}
