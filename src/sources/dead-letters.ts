/** Source: the inputs of a dead-letter file, for a retry. */

import { open, stat } from "node:fs/promises";
import { describeError, InputError, SourceError } from "../core/errors.js";
import { readLines } from "../core/files/lines.js";
import { decodeData } from "../core/input/content.js";
import { isDeeper } from "../core/input/frozen-json.js";
import { bytesFromBase64 } from "../core/input/input-json.js";
import { revealSecrets } from "../core/input/secret-urls.js";
import { blockBytes } from "../core/journal/append-file.js";
import type { DeadLetter } from "../core/journal/dead-letters.js";
import { defineSource } from "../core/plugin/define-source.js";
import type { SourceItem } from "../core/plugin/source.js";
import { DigestSet, digestOfKey } from "../core/util/digest-set.js";

/** Longest line, in bytes: a video at the limit of the API in base64, and its fields. */
const maxLineBytes = 200_000_000;
/** Maximum number of levels of lists and objects in a line: those of the metadata, and of the fields around them. */
const maxLetterDepth = 110;

/**
 * Reads the inputs that failed in `run({ deadLetters: path })`, in the order of the file. Each input is as it was before any transform, and has its
 * original origin. A file that does not exist yields no inputs.
 *
 * An input with several lines is yielded once. A line without an input (a broken row, a file that could not be read) fails again with
 * ERR_DEAD_LETTER_EMPTY: correct its file or row, then upload its source again. Lines that a run adds to the file meanwhile are left for the next run.
 *
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE
 * @example await flow(deadLetters("./failed.jsonl")).pipe(batch(), upload(app)).run({ deadLetters: "./failed-again.jsonl" });
 */
export const deadLetters = defineSource({
  name: "deadLetters",
  parse: (path: string) => path,
  async *read(path, { signal }) {
    const seen = new DigestSet();
    try {
      const sizeBytes = await sizeOf(path);
      for await (const { number, bytes } of sizeBytes === 0 ? [] : readLines(path, maxLineBytes, sizeBytes)) {
        if (signal.aborted) return;
        const item = itemOf(`${path}:${number}`, bytes, seen);
        if (item) yield item;
      }
    } catch (error) {
      throw new SourceError("ERR_FILE_UNREADABLE", `deadLetters: ${path}: ${describeError(error)}`, { cause: error });
    }
  },
});

function itemOf(position: string, line: Buffer | undefined, seen: DigestSet): SourceItem | undefined {
  let letter: DeadLetter;
  try {
    if (!line) throw new InputError("ERR_LINE_TOO_LONG", `the line has more than ${maxLineBytes} bytes`);
    letter = JSON.parse(decodeData(line, "the line")) as DeadLetter;
    if (typeof letter?.origin !== "string") throw new InputError("ERR_DEAD_LETTER", "the line has no origin");
    if (isDeeper(letter, maxLetterDepth)) {
      throw new InputError("ERR_INPUT_SHAPE", `the line is nested more than ${maxLetterDepth} levels deep`);
    }
  } catch (error) {
    if (error instanceof InputError) return { origin: position, error };
    const text = `the line is not JSON: ${describeError(error)}`;
    return { origin: position, error: new InputError("ERR_JSON", text, { cause: error }) };
  }
  const { origin, key, listed, reason } = letter;
  const input = letter.input && revealSecrets(letter.input, letter.secret);
  if (!seen.add(digestOfKey(`${origin}\n${JSON.stringify(input)}`))) return undefined;
  if (input) return { origin, input: bytesFromBase64(input), key, listed, sameId: "again" };
  const text = `the line has no input to send again (${reason}); correct its file or row, then upload its source again: stored inputs are skipped`;
  return { origin, error: new InputError("ERR_DEAD_LETTER_EMPTY", text) };
}

/**
 * Returns the size of a file, 0 if it does not exist, and undefined for a pipe, which is read to its end. Zeros at the end of the file do not count: a
 * run that was killed while it opened the file left them.
 */
async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return 0;
  if (!found.isFile()) return undefined;
  const file = await open(path, "r");
  try {
    const start = Math.max(0, found.size - blockBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(blockBytes), 0, blockBytes, start);
    const last = buffer.subarray(0, bytesRead).findLastIndex((byte) => byte !== 0);
    return start + last + 1;
  } finally {
    await file.close();
  }
}
