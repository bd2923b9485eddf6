/** Metadata files of an image folder, as Hugging Face defines them: one row an image, as JSON Lines or CSV. */

import { InputError } from "../../core/errors.js";
import { readLines } from "../../core/files/lines.js";
import { decodeData } from "../../core/input/content.js";
import type { Json } from "../../core/input/input.js";
import { parseJson } from "../../core/util/json/json-text.js";
import { readRows } from "../csv/rows.js";
import { parseLabelJson } from "../datasets/label-json.js";

/** Names of metadata files. */
export const metadataNames = ["metadata.jsonl", "metadata.csv"];
/** A metadata file that is not read. */
export const parquetName = "metadata.parquet";

const maxLineBytes = 100_000_000;

/** A row: its columns, or the error of a row that cannot be read. */
export type MetadataRow = { place: string; columns: Record<string, Json> } | { place: string; error: InputError };

/** Yields the rows of a metadata file, in order. `name` is the file for people, if `path` is a copy of it. */
export function metadataRows(path: string, name = path): AsyncGenerator<MetadataRow> {
  return path.endsWith(".csv") ? csvRows(path, name) : jsonRows(path, name);
}

async function* jsonRows(path: string, name: string): AsyncGenerator<MetadataRow> {
  for await (const { number, bytes } of readLines(path, maxLineBytes)) {
    const place = `${name}:${number}`;
    if (bytes && bytes.length < 1000 && bytes.toString("utf8").trim() === "") continue;
    try {
      if (!bytes) throw new InputError("ERR_LABEL", `${place} has more than ${maxLineBytes} bytes`);
      yield { place, columns: parseLabelJson(decodeData(bytes, place), place) };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      yield { place, error };
    }
  }
}

async function* csvRows(path: string, name: string): AsyncGenerator<MetadataRow> {
  let header: string[] | undefined;
  for await (const rows of readRows(path)) {
    for (const row of rows) {
      const place = `${name}:${row.line}`;
      if ("reason" in row)
        yield { place, error: new InputError("ERR_LABEL", `${place}, cell ${row.cell + 1} ${row.reason}`) };
      else if (!header) header = row.cells.map((cell) => cell.trim());
      else if (row.cells.length !== header.length)
        yield {
          place,
          error: new InputError(
            "ERR_LABEL",
            `${place} has ${row.cells.length} cells, and the header has ${header.length}`,
          ),
        };
      else
        yield {
          place,
          columns: Object.fromEntries(header.map((name, index) => [name, cellValue(name, row.cells[index] ?? "")])),
        };
    }
  }
}

/** A cell stays a text; only that of `objects` is JSON. */
function cellValue(column: string, cell: string): Json {
  if (column !== "objects" || cell.trim() === "") return cell;
  try {
    return parseJson(cell) as Json;
  } catch {
    return cell; // not JSON, or with a number that would change
  }
}
