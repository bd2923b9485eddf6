/** Pairs: the caption and the data that stand beside a media file, under its name with another extension. */

import { closeSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { codeOf, describeError, InputError } from "../../core/errors.js";
import { asUnreadable, checkTextSize, decodeData, decodeText } from "../../core/input/content.js";
import type { InputDraft, Kind } from "../../core/input/input.js";
import { formatValue } from "../../core/util/format/format-value.js";
import { parseJson } from "../../core/util/json/json-text.js";
import { isObject } from "../../core/util/json/json-values.js";

/** The files beside one media file. */
export interface Sidecars {
  /** Paths of its captions. More than one is refused when the file is read. */
  captions: readonly string[];
  /** Path of its data in JSON. */
  data?: string | undefined;
}

/** Metadata are no content: one that is larger is likely another file. */
const maxMetadataBytes = 1_000_000;

/** The note of an image whose caption has no characters. */
const emptyCaption = "the caption is empty, and only the media file was read";

/** Returns a text that changes with the sidecars: their names, sizes and times. A sidecar that was deleted counts as empty. */
export function stateOfSidecars({ captions, data }: Sidecars): string {
  const paths = data === undefined ? captions : [...captions, data];
  return paths.map((path) => `\n${path.slice(path.lastIndexOf("/") + 1)}\n${stateOf(path)}`).join("");
}

function stateOf(path: string): string {
  try {
    const { size, mtimeMs } = statSync(path);
    return `${size}\n${mtimeMs}`;
  } catch (error) {
    return codeOf(error, ""); // reading the sidecar reports the error
  }
}

/**
 * Adds the sidecars of a media file to its input: the caption as the text of an image, or as metadata of a video or audio file; the data as metadata. Returns notes
 * for the report.
 *
 * @throws {InputError} ERR_SIDECAR, ERR_TEXT_ENCODING, ERR_NUMBER, ERR_ITEM_TOO_LARGE, ERR_FILE_UNREADABLE
 */
export function addSidecars(input: InputDraft, kind: Kind, { captions, data }: Sidecars): string[] {
  const notes: string[] = [];
  const [caption, second] = captions;
  if (second !== undefined) throw invalid(second, `it is a second caption beside ${caption}; keep one of them`);
  const metadata: Record<string, unknown> = { ...input.metadata };
  if (caption !== undefined) {
    const isText = kind === "image";
    const text = decodeText(readSmall(caption, isText ? undefined : maxMetadataBytes), caption);
    if (text.trim() === "") notes.push(emptyCaption);
    else if (isText) input.text = text;
    else metadata.caption = text;
  }
  // The data are the user's own, so their values win over the name of the file.
  if (data !== undefined) Object.assign(metadata, dataOf(data));
  input.metadata = metadata as InputDraft["metadata"];
  return notes;
}

function dataOf(path: string): Record<string, unknown> {
  const text = decodeData(readSmall(path, maxMetadataBytes), path);
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    if (error instanceof InputError) throw new InputError(error.code, `${path}: ${error.message}`, { cause: error });
    throw invalid(path, `it is not JSON: ${describeError(error)}`, error);
  }
  if (isObject(value)) return value;
  throw invalid(path, `its JSON must be an object, which becomes the metadata, got ${formatValue(value)}`);
}

/** Reads a file up to a limit; without one, up to that of a text. */
function readSmall(path: string, maxBytes: number | undefined): Buffer {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const { size } = fstatSync(file);
    if (maxBytes === undefined) checkTextSize(size, path);
    else if (size > maxBytes) throw invalid(path, `it has ${size} bytes; the limit of metadata is ${maxBytes}`);
    return readFileSync(file);
  } catch (error) {
    throw asUnreadable(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function invalid(path: string, fact: string, cause?: unknown): InputError {
  return new InputError("ERR_SIDECAR", `${path} cannot be paired with its media file: ${fact}`, { cause });
}
