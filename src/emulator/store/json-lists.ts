/** JSON lists of rows. A statement that reads a list with `json_each` takes a fraction of the time of one statement for each row. */

import type { SqlValue } from "./driver.js";

/** A longer list is split, because SQLite copies it. In characters. */
const maxLength = 1_000_000;

/** Returns JSON lists with all rows, in their order. Texts must have no half of a surrogate pair, since SQLite would store invalid UTF-8. */
export function jsonLists(rows: readonly (readonly SqlValue[])[]): string[] {
  const lists: string[] = [];
  let start = 0;
  let length = 0;
  for (const [index, row] of rows.entries()) {
    const rowLength = lengthOf(row);
    if (length + rowLength > maxLength && index > start) {
      lists.push(JSON.stringify(rows.slice(start, index)));
      start = index;
      length = 0;
    }
    length += rowLength;
  }
  if (rows.length > start) lists.push(JSON.stringify(start === 0 ? rows : rows.slice(start)));
  return lists;
}

function lengthOf(row: readonly SqlValue[]): number {
  let length = 0;
  for (const value of row) if (typeof value === "string") length += value.length;
  return length;
}
