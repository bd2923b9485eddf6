/** Holds a row against its header. */

import { InputError } from "../../core/errors.js";

/**
 * Returns the cells that stand under the columns of a header. Empty cells beyond the header are dropped: a spreadsheet writes them beside a table.
 *
 * @throws {InputError} ERR_CSV_ROW for any other number of cells: the row may be cut, or a value may have the delimiter in it
 */
export function cellsUnder(columns: number, { line, cells }: { line: number; cells: string[] }): string[] {
  if (cells.length === columns) return cells;
  if (cells.length > columns && cells.slice(columns).every((cell) => cell.trim() === ""))
    return cells.slice(0, columns);
  const text = `line ${line}: the row has ${cells.length} cells, the header ${columns}`;
  const cure =
    cells.length > columns ? "quote values that have the delimiter in them" : "write a delimiter for each empty cell";
  throw new InputError("ERR_CSV_ROW", `${text}; ${cure}`);
}
