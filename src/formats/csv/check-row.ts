/** Matches the cells of a row with the columns of the header. */

import { InputError } from "../../core/errors.js";

/**
 * Returns the cells of a row that belong to the columns of the header. Drops empty cells after the last column, which spreadsheets write beside a table.
 *
 * @throws {InputError} ERR_CSV_ROW for any other number of cells: the row may be truncated, or a value may contain the delimiter
 */
export function cellsUnder(columns: number, { line, cells }: { line: number; cells: string[] }): string[] {
  if (cells.length === columns) return cells;
  if (cells.length > columns && cells.slice(columns).every((cell) => cell.trim() === ""))
    return cells.slice(0, columns);
  const text = `line ${line}: the row has ${cells.length} cells, the header ${columns}`;
  const hint =
    cells.length > columns ? "quote values that contain the delimiter" : "write a delimiter for each empty cell";
  throw new InputError("ERR_CSV_ROW", `${text}; ${hint}`);
}
