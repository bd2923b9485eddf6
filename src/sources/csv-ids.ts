/** Ids of the rows of a CSV. */

import { InputError, SourceError } from "../core/errors.js";
import { folderName } from "../core/ids.js";
import type { SourceItem } from "../core/plugin.js";
import { type IdOf, idFromKeys, RowIds } from "../core/row-ids.js";
import { withoutSignature } from "../core/secret-urls.js";

export type CsvIds = string | readonly string[] | IdOf<Record<string, string>>;

export interface CsvIdsOptions {
  path: string;
  ids: CsvIds | undefined;
  /** Folder of the files that rows name; undefined where rows name none. */
  root: string | undefined;
}

/** Gives an item of a row its id. */
export type GiveId = (item: SourceItem, cells: readonly string[], line: number) => SourceItem;

/**
 * Makes ids of the columns that `ids` names, or by its function. Default: the row's own id, else a hash of its cells that are not empty. A row that names a
 * file has the own name of its folder in the hash: in another folder the same name is another file.
 *
 * @throws {SourceError} ERR_CSV_COLUMNS when a named column is missing
 */
export function csvIds(header: readonly string[], { path, ids, root }: CsvIdsOptions): GiveId {
  if (typeof ids === "function") {
    return withId((cells, line) =>
      ids(Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ""])), { line }),
    );
  }
  if (ids !== undefined) {
    const names = typeof ids === "string" ? [ids] : ids;
    const columns = names.map((name) => header.indexOf(name));
    const missing = names.find((_, index) => columns[index] === -1);
    if (missing !== undefined) {
      const text = `csv: ${path}: the option ids names the column "${missing}"; the columns are ${header.join(", ")}`;
      throw new SourceError("ERR_CSV_COLUMNS", text);
    }
    return withId((cells) =>
      idFromKeys(
        names,
        columns.map((column) => cells[column]),
      ),
    );
  }
  const rows = new RowIds();
  const start = root === undefined ? "" : folderName(root);
  return (item, cells) => {
    if (!("input" in item) || item.input.id !== undefined) return item;
    const id = rows.of(start + rowText(header, cells));
    if (!item.checked) return { ...item, input: { ...item.input, id } };
    item.input.id = id; // the source's own object
    return item;
  };
}

function withId(make: (cells: readonly string[], line: number) => string): GiveId {
  return (item, cells, line) => {
    if (!("input" in item)) return item;
    const { origin } = item;
    try {
      return { origin, input: { ...item.input, id: make(cells, line) } };
    } catch (error) {
      if (error instanceof InputError) return { origin, error };
      return { origin, error: new InputError("ERR_ITEM", `ids: ${String(error)}`, { cause: error }) };
    }
  };
}

/** The cells with the names of their columns. URLs count without their signatures, which are new each time. */
function rowText(header: readonly string[], cells: readonly string[]): string {
  let text = "";
  for (let at = 0; at < cells.length; at += 1) {
    const cell = cells[at] as string;
    if (cell === "") continue;
    text += `\x1e${header[at]}\x1f${cell.startsWith("http") ? withoutSignature(cell) : cell}`;
  }
  return text;
}
