/** Transform: looks up the location of each input in a CSV table. */

import * as z from "zod";
import { InputError } from "../core/errors.js";
import { geoPointFrom } from "../core/input/coordinates.js";
import { type GeoPoint, type Input, mediaOf } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { TransformContext } from "../core/plugin/transform.js";
import { decimalIn, isMissing } from "../formats/csv/cells.js";
import { type KeyedRow, readKeyedRows } from "../formats/csv/keyed-rows.js";

const optionFields = {
  /** What identifies the row of an input: the file's name or path, or the input's id. Default: "filename". */
  by: z.enum(["filename", "id"]).default("filename"),
  /** Name of the column with the file name, path or id. Default: the value of `by`. */
  key: z.string().min(1).optional(),
  /** Name of the column with the degrees east. Default: "longitude". */
  longitude: z.string().min(1).default("longitude"),
  /** Name of the column with the degrees north. Default: "latitude". */
  latitude: z.string().min(1).default("latitude"),
  /** Separator of cells, one character. Default: detected in the header, as in `csv`. */
  delimiter: z.string().length(1).optional(),
  /** What to do with an input that has no row, or a row without coordinates. "keep": it passes unchanged, with a note. "fail": it fails. Default: "keep". */
  missing: z.enum(["keep", "fail"]).default("keep"),
};
const Options = z.strictObject(optionFields);
/** Options of `geoFromTable`. */
export type GeoFromTableOptions = OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options>;

interface Row extends KeyedRow {
  /** Numbers of the lines with the same key and other coordinates. */
  rivals: number[];
  /** Origin of the input that got its location from the row. */
  usedBy?: string;
}
type Table = ReadonlyMap<string, Row>;

/**
 * Sets the location of each input to the coordinates that a CSV table has for its file or id. The table is read with the first input, and stays in
 * memory.
 *
 * The key column has file names (`a.jpg`), or as much of the paths as distinguishes the files (`one/a.jpg`). If several keys match the end of a file's
 * path, the longest is used. Coordinates are decimal degrees with a point or a comma. An input without a row, or with a row of empty cells, passes
 * unchanged, and the report counts it in a note.
 *
 * Keeps order. An input settles as failed, with the line of its row, if the row is invalid, if several rows have its key with different coordinates, or
 * if the row already gave its location to another file of the same name (ERR_GEO, ERR_CSV_ROW, ERR_TABLE_ROW). If the table cannot be read, every
 * input fails (ERR_TABLE).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(geoFromTable("./locations.csv"), batch(), upload(app));
 */
export const geoFromTable = defineTransform({
  name: "geoFromTable",
  parse(path: string, options: GeoFromTableOptions = {}) {
    return { path, ...parseOptions("geoFromTable", Options, options) };
  },
  open: (): { table?: Table; loading?: Promise<Table> } => ({}),
  apply(input, options, context) {
    const { state } = context;
    const { path } = options;
    if (state.table) return withLocation(input, state.table, path, options, context);
    state.loading ??= load(path, options);
    return state.loading.then((table) => {
      state.table = table;
      return withLocation(input, table, path, options, context);
    });
  },
});

function withLocation(
  input: Input,
  table: Table,
  path: string,
  { by, missing }: Checked,
  context: TransformContext,
): Input {
  const row = by === "id" ? table.get(input.id.normalize("NFC")) : rowOfFile(input, context.origin, table);
  if (row && by === "filename") claim(row, context.origin, path);
  const geo = row && locationIn(row, path);
  if (geo) return { ...input, geo };
  const reason = row ? `no coordinates in its row of ${path}` : `no row in ${path}`;
  if (missing === "keep") {
    context.note(reason);
    return input;
  }
  const where = row ? ` (line ${row.line})` : "";
  const name = by === "id" ? input.id : namesOf(input, context.origin).at(-1);
  throw new InputError("ERR_TABLE_ROW", `${reason}${where} for ${by} "${name}"`);
}

/** Finds the row with the longest key that ends the path of the file. */
function rowOfFile(input: Input, origin: string, table: Table): Row | undefined {
  for (const name of namesOf(input, origin)) {
    const path = fileKey(name);
    for (let from = 0; ; from = path.indexOf("/", from) + 1) {
      const row = table.get(path.slice(from));
      if (row) return row;
      if (!path.includes("/", from)) break;
    }
  }
  return undefined;
}

/** Lists the names of an input's file. If a transform replaced the file by bytes, the origin still has its path. */
function namesOf(input: Input, origin: string): string[] {
  const content = mediaOf(input)?.content;
  const path = content && "path" in content ? content.path : undefined;
  return [path, origin, input.metadata.filename].filter((name) => typeof name === "string");
}

function fileKey(path: string): string {
  return path
    .normalize("NFC")
    .replaceAll("\\", "/")
    .replace(/^(?:\.\/)+/, "");
}

/** Checks that a row is used for one file only: files of the same name need paths in the table. @throws {InputError} ERR_TABLE_ROW */
function claim(row: Row, origin: string, path: string): void {
  row.usedBy ??= origin;
  if (row.usedBy === origin) return;
  const text = `line ${row.line} of ${path} ("${row.key}") already gave its location to ${row.usedBy}`;
  throw new InputError("ERR_TABLE_ROW", `${text}; write paths into the table that distinguish the files`);
}

/** Returns the location of a row; undefined if its cells are empty. @throws {InputError} */
function locationIn(row: Row, path: string): GeoPoint | undefined {
  const where = `${path}:${row.line}`;
  if (row.error) throw new InputError(row.error.code, `${path}: ${row.error.message}`, { cause: row.error });
  if (row.rivals.length > 0) {
    const lines = [row.line, ...row.rivals].slice(0, 5).join(", ");
    const text = `${path} has several rows with other coordinates for "${row.key}" (lines ${lines})`;
    throw new InputError("ERR_TABLE_ROW", `${text}; keep one of them, or write paths that distinguish the files`);
  }
  const [longitude = "", latitude = ""] = row.cells;
  if (isMissing(longitude) && isMissing(latitude)) return undefined;
  const [east, north] = [decimalIn(longitude), decimalIn(latitude)];
  if (Number.isFinite(east) && Number.isFinite(north)) return geoPointFrom(east, north, where);
  const text = `${where}: longitude "${longitude}", latitude "${latitude}" are not two numbers in decimal degrees, such as 4.4777`;
  throw new InputError("ERR_GEO", text);
}

async function load(path: string, { by, key, longitude, latitude, delimiter }: Checked): Promise<Table> {
  const rows = await readKeyedRows(path, { key: key ?? by, columns: [longitude, latitude], delimiter });
  const table = new Map<string, Row>();
  for (const row of rows) {
    const name = by === "id" ? row.key.normalize("NFC") : fileKey(row.key);
    const before = table.get(name);
    if (!before) table.set(name, { ...row, rivals: [] });
    else if (row.error || row.cells.join("\n") !== before.cells.join("\n")) before.rivals.push(row.line);
  }
  return table;
}
