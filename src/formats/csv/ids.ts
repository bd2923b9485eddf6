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
  /** Positions of the columns with the rows' own ids; undefined if a function of the user makes the inputs. */
  idColumns: readonly number[] | undefined;
  /** Folder of the files that rows name; undefined if rows name no files. */
  root: string | undefined;
}

/** Gives an item of a row its id. */
export type GiveId = (item: SourceItem, cells: readonly string[], line: number) => SourceItem;

/** Returns what decides the shard of a row: its id, or what that is made of. Undefined if the cells make none. */
export type ShardKeyOf = (cells: readonly string[], line: number) => string | undefined;

/** The two functions for the rows of one CSV. */
export interface RowNames {
  giveId: GiveId;
  shardKeyOf: ShardKeyOf;
}

/**
 * Makes ids of the columns that `ids` names, or by its function. Default: the row's own id, or a hash of its cells that are not empty. If rows name files,
 * the hash includes the own name of their folder: in another folder, the same name is another file.
 *
 * @throws {SourceError} ERR_CSV_COLUMNS when a named column is missing
 */
export function csvIds(header: readonly string[], { path, ids, root, idColumns }: CsvIdsOptions): RowNames {
  if (typeof ids === "function") {
    const rowOf = (cells: readonly string[]) => Object.fromEntries(header.map((name, at) => [name, cells[at] ?? ""]));
    const idOf = (cells: readonly string[], line: number) => ids(rowOf(cells), { line });
    return {
      giveId: (item, cells, line) => withId(item, () => idOf(cells, line)),
      shardKeyOf: (cells, line) => textOf(() => idOf(cells, line)),
    };
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
    const idOf = (cells: readonly string[]) => idFromKeys(names, values(cells));
    return {
      giveId: (item, cells) => withId(item, () => idOf(cells)),
      shardKeyOf: (cells) => textOf(() => idOf(cells)),
    };
  }
  const rows = new RowIds();
  const folder = root === undefined ? "" : folderName(root);
  const giveId: GiveId = (item, cells) => {
    if (!("input" in item) || item.input.id !== undefined) return item;
    item.defaultId = rows.of(folder + rowText(header, cells));
    return item;
  };
  // Equal rows have equal keys, so a shard counts the occurrences of its own rows as a whole run does.
  const shardKeyOf: ShardKeyOf = (cells) => {
    if (!idColumns) return undefined;
    const own = idColumns.map((at) => cells[at] ?? "").findLast((cell) => cell.trim() !== "");
    return own ?? folder + rowText(header, cells);
  };
  return { giveId, shardKeyOf };
}

/** Returns the id that a function makes; undefined if it throws or makes none, which the item of the row reports. */
function textOf(make: () => unknown): string | undefined {
  try {
    const id = make();
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
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
