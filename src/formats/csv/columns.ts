/** The known columns of a CSV, and the fields that their cells fill. */

import { InputError, SourceError } from "../../core/errors.js";
import type { Concept, InputDraft, Kind } from "../../core/input/input.js";
import { numberIn, shortCell } from "./cell-values.js";
import { isMissing } from "./cells.js";
import { type ColumnNames, namedSetters, plainSetter } from "./named-columns.js";
import { inputOfRow, type RowCells } from "./row-input.js";

/** Makes an input of the cells of a row. */
export type Layout = (cells: readonly string[]) => InputDraft | Promise<InputDraft>;

export interface LayoutOptions {
  input: "text" | "url" | "file";
  kind?: Kind | undefined;
  root: string;
  /** Columns that ids are made of: they need no other meaning. */
  keys: readonly string[];
  /** Columns by the fields that they fill, as the user names them. */
  columns?: ColumnNames | undefined;
}

/** Puts a cell that is not empty into its field. */
export type Setter = (row: RowCells, cell: string, options: LayoutOptions) => void;

const sdkColumns: Record<string, Setter> = {
  inputid: (row, cell) => void (row.id = cell),
  input: (row, cell, { input, kind }) => {
    if (input === "url") addUrl(row, cell, kind);
    else row[input] = cell;
  },
  concepts: (row, cell) => {
    if (!isMissing(cell)) row.conceptNames = cell;
  },
  metadata: setMetadata,
  geopoints: (row, cell) => {
    if (!isMissing(cell)) row.geopoints = cell;
  },
};

const templateColumns: [RegExp, (match: RegExpExecArray) => Setter][] = [
  [/^input\.id$/, () => (row, cell) => void (row.id = cell)],
  [
    /^input\.data\.(image|video|audio|text)\.url$/,
    ([, kind]) =>
      (row, cell) =>
        addUrl(row, cell, kind as Kind),
  ],
  [/^input\.data\.text\.raw$/, () => (row, cell) => void (row.text = cell)],
  [
    /^input\.data\.concepts\[(\d{1,4})\]\.id$/,
    ([, n]) =>
      (row, cell) =>
        setConcept(row, Number(n), { id: cell }),
  ],
  [
    /^input\.data\.concepts\[(\d{1,4})\]\.value$/,
    ([, n]) =>
      (row, cell) => {
        const column = `input.data.concepts[${n}].value`;
        const value = numberIn(cell, column);
        if (value < 0 || value > 1)
          throw new InputError("ERR_CSV_NUMBER", `column ${column}: ${value} is not between 0 and 1`);
        setConcept(row, Number(n), { value });
      },
  ],
  [/^input\.(data\.)?metadata$/, () => setMetadata],
  [/^input\.data\.geo\.geo_point\.(longitude|latitude)$/, ([, axis]) => setAxis(axis as "longitude" | "latitude")],
];

/**
 * Returns the layout of a header. Columns may come in any order, and none is required.
 *
 * @throws {SourceError} ERR_CSV_COLUMNS
 */
export function layoutOf(header: readonly string[], path: string, options: LayoutOptions): Layout {
  const named = namedSetters(header, path, options.columns, fieldOf);
  const setters = header.map((column, index) => named?.[index] ?? setterOf(column, index, path, header, options));
  return (cells) => {
    const row: RowCells = options.columns ? { columns: options.columns } : {};
    for (let index = 0; index < setters.length; index += 1) {
      const cell = cells[index] ?? "";
      if (cell.trim() !== "") setters[index]?.(row, cell, options);
    }
    return inputOfRow(row, options.root);
  };
}

function setterOf(
  column: string,
  index: number,
  path: string,
  header: readonly string[],
  { keys }: LayoutOptions,
): Setter {
  if (column === "") return unnamed(index);
  const known = Object.hasOwn(sdkColumns, column) ? sdkColumns[column] : undefined;
  if (known) return known;
  for (const [pattern, make] of templateColumns) {
    const match = pattern.exec(column);
    if (match) return make(match);
  }
  if (keys.includes(column)) return () => undefined;
  const plain = plainSetter(column, header, fieldOf);
  if (plain) return plain;
  const text = `csv: ${path}: the column "${shortCell(column)}" is not known; ${hintFor(column, header.length)}`;
  throw new SourceError("ERR_CSV_COLUMNS", text);
}

/** Returns the positions of the columns with the rows' own ids. If a row has several, the last one counts. */
export function idColumnsOf(header: readonly string[], names: ColumnNames | undefined): number[] {
  const named = names?.id;
  if (named !== undefined) return named === "" ? [] : [header.indexOf(named)];
  const known = header.flatMap((column, at) => (fieldOf(column) === "id" ? [at] : []));
  if (known.length > 0 || names) return known;
  const plain = header.indexOf("id");
  return plain === -1 ? [] : [plain];
}

/** Returns the field that a known column fills; undefined for a column that is not known. */
function fieldOf(column: string): string | undefined {
  const own: Record<string, string> = { inputid: "id", "input.id": "id", geopoints: "geo" };
  if (Object.hasOwn(own, column)) return own[column];
  if (Object.hasOwn(sdkColumns, column)) return column;
  const [, field] = /^input\.(?:data\.)?(image|video|audio|text|concepts|metadata|geo)\b/.exec(column) ?? [];
  return templateColumns.some(([pattern]) => pattern.test(column)) ? field : undefined;
}

/** Spreadsheets write empty columns beside a table, without a name and without content. */
function unnamed(index: number): Setter {
  return (_, cell) => {
    const text = `column ${index + 1} has no name in the header, but this row has "${shortCell(cell)}" in it`;
    const hint = index === 0 ? " (pandas writes such a column unless index=False)" : "";
    throw new InputError("ERR_CSV_ROW", `${text}; name the column or remove it${hint}`);
  };
}

function setMetadata(row: RowCells, cell: string): void {
  if (!isMissing(cell)) row.metadata = cell;
}

function setAxis(axis: "longitude" | "latitude"): Setter {
  return (row, cell) => {
    if (!isMissing(cell)) row[axis] = cell;
  };
}

function addUrl(row: RowCells, cell: string, kind: Kind | undefined): void {
  (row.urls ??= []).push({ cell, kind });
}

function setConcept(row: RowCells, index: number, part: Partial<Concept>): void {
  row.concepts ??= [];
  row.concepts[index] = { id: "", ...row.concepts[index], ...part };
}

/** Suggests what an unknown column may mean. */
function hintFor(column: string, columns: number): string {
  const separator = columns === 1 ? /[;\t|]/.exec(column)?.[0] : undefined;
  if (separator !== undefined) {
    const quoted = JSON.stringify(separator);
    return `its columns seem to be separated by ${quoted}: pass { delimiter: ${quoted} } (on the command line --delimiter)`;
  }
  const alike = Object.keys(sdkColumns).find((known) => known === column.toLowerCase().replace(/[\s_-]/g, ""));
  const guess = alike === undefined ? "" : `did you mean "${alike}"? `;
  const known = Object.keys(sdkColumns).join(", ");
  return `${guess}known are ${known}, id, text, url, concept, longitude, latitude, dataset, metadata.… and input.… of the portal; name others with { columns: { id: "…" } } (on the command line --map id=…)`;
}
