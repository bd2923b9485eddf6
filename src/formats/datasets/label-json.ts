/** Reads JSON files of labels. */

import { readFile, stat } from "node:fs/promises";
import { describeError, InputError } from "../../core/errors.js";
import { asUnreadable, decodeData } from "../../core/input/content.js";
import type { Json } from "../../core/input/input.js";
import { parseJson } from "../../core/util/json/json-text.js";
import { isObject } from "../../core/util/json/json-values.js";

/** Largest file of labels that is parsed as a whole. */
const maxLabelBytes = 400_000_000;

/** Reads a file of labels that is one JSON object. @throws {InputError} ERR_LABEL, ERR_FILE_UNREADABLE */
export async function readLabelJson(path: string): Promise<Record<string, Json>> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > maxLabelBytes)
      throw new InputError("ERR_LABEL", `${path} has ${size} bytes; the limit is ${maxLabelBytes}`);
    bytes = await readFile(path);
  } catch (error) {
    throw asUnreadable(path, error);
  }
  return parseLabelJson(decodeData(bytes, path), path);
}

/** Parses a JSON object of labels. `place` names it in error texts. @throws {InputError} ERR_LABEL */
export function parseLabelJson(text: string, place: string): Record<string, Json> {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new InputError("ERR_LABEL", `${place} is not JSON: ${describeError(error)}`, { cause: error });
  }
  if (isObject(value)) return value as Record<string, Json>;
  throw new InputError("ERR_LABEL", `${place} is not an object`);
}
