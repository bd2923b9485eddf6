/** Ids of the rows of a CSV. */

import { SourceError } from "../../core/errors.js";
import { folderName } from "../../core/input/ids.js";
import { type IdOf, idFromKeys, RowIds, withId } from "../../core/plugin/row-ids.js";
import type { SourceItem } from "../../core/plugin/source.js";
import { withoutSignature } from "../../core/redact-urls.js";

export type CsvIds = string | readonly string[] | IdOf<Record<string, string>>;

export interface CsvIdsOptions {
  path: string;
  ids: CsvIds | undefined;
  /** Folder of the files that rows name; undefined if rows name no files. */
  root: string | undefined;
}

/** Gives an item of a row its id. */
export type GiveId = (item: SourceItem, cells: readonly string[], line: number) => SourceItem;

/**
 * Makes ids of the columns that `ids` names, or by its function. Default: the row's own id, or a hash of its cells that are not empty. If rows name files,
 * the hash includes the own name of their folder: in another folder, the same name is another file.
 *
 * @throws {SourceError} ERR_CSV_COLUMNS when a named column is missing
 */
export function csvIds(header: readonly string[], { path, ids, root }: CsvIdsOptions): GiveId {
  if (typeof ids === "function") {
    const rowOf = (cells: readonly string[]) => Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ""]));
    return (item, cells, line) => withId(item, () => ids(rowOf(cells), { line }));
  }
  if (ids !== undefined) {
    const names = typeof ids === "string" ? [ids] : ids;
    const columns = names.map((name) => header.indexOf(name));
    const missing = names.find((_, index) => columns[index] === -1);
    if (missing !== undefined) {
      const text = `csv: ${path}: the option ids names the column "${missing}"; the columns are ${header.join(", ")}`;
      throw new SourceError("ERR_CSV_COLUMNS", text);
    }
    const values = (cells: readonly string[]) => columns.map((column) => cells[column]);
    return (item, cells) => withId(item, () => idFromKeys(names, values(cells)));
  }
  const rows = new RowIds();
  const folder = root === undefined ? "" : folderName(root);
  return (item, cells) => {
    if (!("input" in item) || item.input.id !== undefined) return item;
    item.defaultId = rows.of(folder + rowText(header, cells));
    return item;
  };
}

/** Joins the cells with the names of their columns, and URLs without their signatures, which change with each export. */
function rowText(header: readonly string[], cells: readonly string[]): string {
  let text = "";
  for (let at = 0; at < cells.length; at += 1) {
    const cell = cells[at] as string;
    if (cell === "") continue;
    text += `\x1e${header[at]}\x1f${cell.startsWith("http") ? withoutSignature(cell) : cell}`;
  }
  return text;
}
