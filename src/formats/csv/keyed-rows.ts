/** Reads a small CSV table into memory, for lookups by a key. */

import { describeError, InputError } from "../../core/errors.js";
import { cellsUnder } from "./check-row.js";
import { readRows } from "./rows.js";

/** A row with its key, and with the cells of the requested columns, in their order. */
export interface KeyedRow {
  /** The line that the row begins on, from 1. */
  line: number;
  key: string;
  cells: string[];
  /** The row is invalid: it has another number of cells than the header. */
  error?: InputError | undefined;
}

/**
 * Reads the rows of a table that has a column `key`, in their order. Skips rows without a key. A malformed row fails the whole table, since its key is
 * unknown.
 *
 * @throws {InputError} ERR_TABLE
 */
export async function readKeyedRows(
  path: string,
  { key, columns, delimiter }: { key: string; columns: readonly string[]; delimiter: string | undefined },
): Promise<KeyedRow[]> {
  const rows: KeyedRow[] = [];
  try {
    let header: string[] | undefined;
    let indexes: number[] = [];
    for await (const read of readRows(path, delimiter)) {
      for (const row of read) {
        if ("reason" in row) throw new Error(`line ${row.line}, cell ${row.cell + 1} ${row.reason}`);
        if (!header) {
          header = row.cells.map((cell) => cell.trim());
          indexes = [key, ...columns].map((column) => indexOf(column, header as string[]));
        } else {
          const keyed = keyedRow(row, header.length, indexes);
          if (keyed) rows.push(keyed);
        }
      }
    }
    if (!header) throw new Error("it is empty");
  } catch (error) {
    throw new InputError("ERR_TABLE", `${path} cannot be read: ${describeError(error)}`, { cause: error });
  }
  return rows;
}

function indexOf(column: string, header: readonly string[]): number {
  const index = header.indexOf(column);
  if (index >= 0 && header.indexOf(column, index + 1) < 0) return index;
  if (index >= 0) throw new Error(`it has the column "${column}" twice`);
  const names = header.slice(0, 12).map((name) => JSON.stringify(name));
  throw new Error(`it has no column "${column}", but ${names.join(", ")}`);
}

function keyedRow(
  row: { line: number; cells: string[] },
  columns: number,
  [keyIndex = 0, ...indexes]: readonly number[],
): KeyedRow | undefined {
  const key = (row.cells[keyIndex] ?? "").trim();
  if (key === "") return undefined;
  const { line } = row;
  try {
    const cells = cellsUnder(columns, row);
    return { line, key, cells: indexes.map((index) => cells[index] ?? "") };
  } catch (error) {
    return { line, key, cells: [], error: error as InputError };
  }
}
