/** Source: a JSON Lines file, one input a line. */

import { dirname } from "node:path";
import * as z from "zod";
import { describeError, InputError, SourceError } from "../core/errors.js";
import { readLines } from "../core/files/lines.js";
import { decodeData } from "../core/input/content.js";
import type { InputDraft } from "../core/input/input.js";
import { bytesFromBase64 } from "../core/input/input-json.js";
import { datasetsOption, joinDatasets } from "../core/plugin/datasets-option.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { draftIds, idsOption } from "../core/plugin/row-ids.js";
import { itemFrom, otherShard, type SourceItem } from "../core/plugin/source.js";
import { parseJson } from "../core/util/json/json-text.js";
import { inputOfLine, isManifestLine, lastLines } from "../formats/manifest/lines.js";

/** Longest line, in bytes: a text at the limit of the API, escaped. */
const maxLineBytes = 100_000_000;

const optionFields = {
  /**
   * Source of ids: the name of one metadata entry, the names of several entries, or a function of the line's input. A single value that is a valid id
   * is used as it is. Default: the input's own id, else a hash of the line's content and of its occurrence among equal lines.
   */
  ids: idsOption<InputDraft>().optional(),
  /** Datasets that every input joins, besides its own. */
  datasets: datasetsOption,
};
const Options = z.strictObject(optionFields);
/** Options of `jsonl`. */
export type JsonlOptions = OptionsOf<typeof optionFields>;

/**
 * Reads a JSON Lines file from top to bottom: each line is an input, as `writeJsonl` writes it. Empty lines are ignored. Lines have at most
 * 100,000,000 bytes. `path` may be a pipe.
 *
 * Also reads the manifest of a download. Its paths are relative to its folder and must stay inside it (ERR_MANIFEST_PATH). Each file is read once to
 * compare its SHA-256; a file that changed since its download fails its input (ERR_FILE_CHANGED). If an input has several lines, the last one counts.
 *
 * Keeps order. A line that is not JSON, not UTF-8 or not an input, or that has a number which JavaScript would change (an integer beyond 2^53), fails
 * alone with its line number; reading continues. The file is closed at the end and on an early stop.
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
  from: ({ path }) => path,
  async *read({ path, ids, datasets }, { signal, isOtherShard }) {
    const giveId = draftIds(ids);
    const join = joinDatasets(datasets);
    let last: ReadonlyMap<string, number> | undefined;
    try {
      for await (const { number, bytes } of readLines(path, maxLineBytes)) {
        if (signal.aborted) return;
        if (bytes && isBlank(bytes)) continue;
        const origin = `${path}:${number}`;
        const item = itemFrom(origin, () => parse(bytes));
        if (!("input" in item) || !isManifestLine(item.input)) {
          yield join(giveId(item, number));
          continue;
        }
        const line = item.input;
        const shardKey = isOtherShard && typeof line.id === "string" ? line.id : undefined; // decided before the file of the line is read
        if (shardKey !== undefined && isOtherShard?.(shardKey)) {
          yield { origin, skipped: otherShard };
          continue;
        }
        last ??= await lastLines(path, maxLineBytes);
        if (number < (last.get(line.id as string) ?? number)) {
          yield { origin, skipped: "a later line has this input", shardKey };
        } else yield { ...join(giveId(await manifestItem(origin, line, dirname(path)), number)), shardKey };
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
    throw new InputError("ERR_INPUT_SHAPE", `the line is a dead letter, not an input; ${hint}`);
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
