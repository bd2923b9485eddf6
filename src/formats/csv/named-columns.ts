/** Columns that the user names for fields: `{ id: "name", longitude: "x", "metadata.split": "subset" }`. */

import * as z from "zod";
import { SourceError } from "../../core/errors.js";
import { type Kind, mediaKinds } from "../../core/input/kinds.js";
import { isMissing } from "./cells.js";
import type { RowCells } from "./row-input.js";

type FieldSetter = (
  row: RowCells,
  cell: string,
  options: { input: "text" | "url" | "file"; kind?: Kind | undefined },
) => void;

const given = (set: (row: RowCells, cell: string) => void): FieldSetter => {
  return (row, cell) => {
    if (!isMissing(cell)) set(row, cell);
  };
};

/** The fields that a column can fill. */
const setters: Record<string, FieldSetter> = {
  id: (row, cell) => void (row.id = cell),
  text: (row, cell) => void (row.text = cell),
  url: (row, cell, { kind }) => void (row.urls ??= []).push({ cell, kind }),
  ...Object.fromEntries(
    mediaKinds.map((kind) => [kind, (row: RowCells, cell: string) => void (row.urls ??= []).push({ cell, kind })]),
  ),
  file: (row, cell) => void (row.file = cell),
  concept: given((row, cell) => void (row.concepts ??= []).push({ id: cell.trim() })),
  concepts: given((row, cell) => void (row.conceptNames = cell)),
  metadata: given((row, cell) => void (row.metadata = cell)),
  geo: given((row, cell) => void (row.geopoints = cell)),
  longitude: given((row, cell) => void (row.longitude = cell)),
  latitude: given((row, cell) => void (row.latitude = cell)),
  dataset: given((row, cell) => void (row.datasets ??= []).push(cell.trim())),
};
const prefix = "metadata.";

/** Names of the fields that a column can fill, for error texts. */
export const columnFields = [...Object.keys(setters), `${prefix}KEY`].join(", ");

/** The columns by the fields that they fill. An empty name leaves a field out. */
export const ColumnNames = z.record(z.string(), z.string()).refine((names) => Object.keys(names).every(isField), {
  error: ({ input }) => `the fields are ${columnFields}, and not ${unknownIn(input as object).join(", ")}`,
});
export type ColumnNames = Readonly<Record<string, string>>;

function isField(field: string): boolean {
  return Object.hasOwn(setters, field) || (field.startsWith(prefix) && field.length > prefix.length);
}

function unknownIn(names: object): string[] {
  return Object.keys(names).filter((field) => !isField(field));
}

/**
 * Returns the setter of each column of a header: undefined for a known column that keeps its own meaning. A known column loses it if the user names another
 * column for its field. Other columns are ignored.
 *
 * @throws {SourceError} ERR_CSV_COLUMNS when a named column is missing
 */
export function namedSetters(
  header: readonly string[],
  path: string,
  names: ColumnNames | undefined,
  fieldOf: (column: string) => string | undefined,
): (FieldSetter | undefined)[] | undefined {
  if (!names) return undefined;
  const fields = Object.entries(names).filter(([, column]) => column !== "");
  const missing = fields.find(([, column]) => !header.includes(column));
  if (missing) {
    const [field, column] = missing;
    const text = `csv: ${path}: the option columns (--map) names the column "${column}" for ${field}; the columns are ${header.join(", ")}`;
    throw new SourceError("ERR_CSV_COLUMNS", text);
  }
  const groups = new Set(Object.keys(names).map(groupOf));
  return header.map((column) => {
    const own = fields.filter(([, name]) => name === column).map(([field]) => setterOf(field));
    if (own.length > 0) {
      return (row, cell, options) => {
        for (const set of own) set(row, cell, options);
      };
    }
    const field = fieldOf(column);
    return field === undefined || groups.has(groupOf(field)) ? () => undefined : undefined;
  });
}

/** Fields whose names are known columns, if the header has no other column for the same. */
const plain = /^(?:id|text|url|concept|longitude|latitude|dataset|metadata\..+)$/;

/** Returns the setter of a column that is named like its field; undefined if the header has another known column for this field. */
export function plainSetter(
  column: string,
  header: readonly string[],
  fieldOf: (column: string) => string | undefined,
): FieldSetter | undefined {
  if (!plain.test(column)) return undefined;
  const group = groupOf(column);
  const isTaken = header.some((other) => groupOf(fieldOf(other) ?? "") === group);
  return isTaken ? undefined : setterOf(column);
}

/** Names the fields that replace each other: a column for the longitude replaces the known column with both coordinates. */
function groupOf(field: string): string {
  if (field === "longitude" || field === "latitude") return "geo";
  if (field === "concept") return "concepts";
  return /^(?:input|text|url|file|image|video|audio)$/.test(field) ? "content" : field;
}

function setterOf(field: string): FieldSetter {
  const known = Object.hasOwn(setters, field) ? setters[field] : undefined;
  if (known) return known;
  const key = field.slice(prefix.length);
  return (row, cell) => {
    Object.defineProperty((row.entries ??= {}), key, {
      value: cell,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  };
}
