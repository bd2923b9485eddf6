/** JSON lists of rows. A statement that reads a list with `json_each` takes a fraction of the time of one statement for each row. */

import type { SqlValue } from "./driver.js";

/** A longer list is split, because SQLite copies it. In characters. */
const maxLength = 1_000_000;

/** Returns JSON lists with all rows, in their order. Texts must have no half of a surrogate pair, since SQLite would store invalid UTF-8. */
export function jsonLists(rows: readonly (readonly SqlValue[])[]): string[] {
  const lists: string[] = [];
  let items: string[] = [];
  let length = 0;
  for (const row of rows) {
    const item = JSON.stringify(row);
    if (length + item.length > maxLength && items.length > 0) {
      lists.push(`[${items.join(",")}]`);
      items = [];
      length = 0;
    }
    items.push(item);
    length += item.length;
  }
  if (items.length > 0) lists.push(`[${items.join(",")}]`);
  return lists;
}
