/** Makes an input of a row. */

import { InputError } from "../../core/errors.js";
import type { InputDraft, Json } from "../../core/input/input.js";
import { idFromKeys } from "../../core/plugin/row-ids.js";
import { isObject } from "../../core/util/json/json-values.js";
import type { Column, Roles } from "./columns.js";
import { cellText, invalidCell, jsonOf, missing } from "./values.js";

export type Row = { [column: string]: unknown };

const noNumber = "parquet: NaN is not a value in JSON and was left out";

/** Returns the input of a row, and notes about what an input cannot have. @throws {InputError} ERR_PARQUET_CELL, ERR_ID_EMPTY */
export function inputOfRow(
  row: Row,
  { media, text, labels, ids, metadata, notes }: Roles,
): { input: InputDraft; notes: string[] } {
  const input: InputDraft = {};
  const values: { [key: string]: Json } = {};
  const found = new Set(notes);
  for (const { name, isUtc } of metadata) {
    const value = jsonOf(row[name], name, isUtc);
    if (value === missing) found.add(noNumber);
    else if (value !== null) values[name] = value;
  }
  if (media) {
    const cell = mediaOf(row[media.column.name], media.column.name);
    if (cell) input[media.kind] = { bytes: cell.bytes };
    if (cell?.filename !== undefined && !Object.hasOwn(values, "filename")) values.filename = cell.filename;
  }
  const words = text && cellText(row[text.name], text.name);
  if (words !== undefined) input.text = words;
  if (!media || !input[media.kind]) {
    const column = (media?.column ?? text)?.name ?? "";
    if (input.text === undefined || media) throw invalidCell(column, "it is empty, so the row has no content");
  }
  const concepts = labels.flatMap((column) => conceptsOf(row[column.name], column));
  if (concepts.length > 0) input.concepts = [...new Set(concepts)];
  if (ids.length > 0)
    input.id = idFromKeys(
      ids,
      ids.map((name) => keyOf(row[name])),
    );
  input.metadata = values;
  return { input, notes: [...found] };
}

/** Returns the bytes of a cell, copied: the library's own are a part of a whole page, which they would keep in memory. */
function mediaOf(cell: unknown, column: string): { bytes: Uint8Array; filename?: string | undefined } | undefined {
  if (cell instanceof Uint8Array) return cell.length === 0 ? undefined : { bytes: Uint8Array.from(cell) };
  if (!isObject(cell)) return undefined;
  const { bytes, path } = cell as { bytes?: unknown; path?: unknown };
  const filename = typeof path === "string" && path !== "" ? path.slice(path.lastIndexOf("/") + 1) : undefined;
  if (bytes instanceof Uint8Array && bytes.length > 0) return { bytes: Uint8Array.from(bytes), filename };
  if (filename === undefined) return undefined;
  throw invalidCell(column, `it names the file ${filename} and has no bytes; write the table with its files embedded`);
}

/** Returns the labels of a cell: names, or numbers of classes. Hugging Face writes -1 for a class that is not known. */
function conceptsOf(cell: unknown, { name, classNames }: Column): string[] {
  if (Array.isArray(cell) || (ArrayBuffer.isView(cell) && !(cell instanceof Uint8Array))) {
    return Array.from(cell as unknown as Iterable<unknown>).flatMap((entry) =>
      conceptsOf(entry, { name, classNames } as Column),
    );
  }
  if (cell === undefined || cell === null || cell === "") return [];
  if (typeof cell === "string") return [cell];
  if (typeof cell !== "number" && typeof cell !== "bigint") throw invalidCell(name, "it is not a label");
  if (!classNames) return [String(cell)];
  if (Number(cell) === -1) return [];
  const found = classNames[Number(cell)];
  if (found !== undefined) return [found];
  throw invalidCell(name, `it is ${cell}, and the classes are 0 to ${classNames.length - 1}`);
}

function keyOf(cell: unknown): unknown {
  return typeof cell === "bigint" ? String(cell) : cell;
}

/** Names the row in the error of one of its cells. */
export function ofRow(error: unknown, number: number): unknown {
  if (!(error instanceof InputError)) return error;
  return new InputError(error.code, `${error.message} (row ${number})`, { cause: error });
}
