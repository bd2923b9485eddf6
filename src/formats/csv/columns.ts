/** The columns of a CSV that are known: how their cells make an input. */

import { access, realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { InputError, SourceError } from "../../core/errors.js";
import { checkTextSize, decodeText, describeFile, kindError, readContent } from "../../core/input/content.js";
import type { Concept, GeoPoint, InputDraft, Json, Kind } from "../../core/input/input.js";
import { kindOfUrl, urlField } from "../../core/input/kind-of-url.js";
import { checkUrl } from "../../core/net/guarded-fetch.js";
import { redactUrl } from "../../core/redact-urls.js";
import { parseJson } from "../../core/util/json-text.js";
import { decimalIn, isMissing } from "./cells.js";
import { pythonLiteral } from "./python-literal.js";

const isAscii = /^[\x00-\x7F]*$/;

/** Makes an input of the cells of a row. */
export type Layout = (cells: readonly string[]) => InputDraft | Promise<InputDraft>;

export interface LayoutOptions {
  input: "text" | "url" | "file";
  kind?: Kind | undefined;
  root: string;
  /** Columns that ids are made of: they need no other meaning. */
  keys: readonly string[];
}

type Metadata = { [key: string]: Json };
/** Puts a cell into the draft; empty cells never get here. */
type Setter = (draft: Draft, cell: string, options: LayoutOptions) => void;

interface Draft {
  id?: string;
  text?: string;
  urls?: { cell: string; kind?: Kind | undefined }[];
  file?: string;
  concepts?: Concept[];
  /** The cell with a list of concept names. */
  names?: string;
  metadata?: string;
  longitude?: string;
  latitude?: string;
  geopoints?: string;
}

const sdkColumns: Record<string, Setter> = {
  inputid: (draft, cell) => void (draft.id = cell),
  input: (draft, cell, { input, kind }) => {
    if (input === "url") addUrl(draft, cell, kind);
    else draft[input] = cell;
  },
  concepts: (draft, cell) => {
    if (!isMissing(cell)) draft.names = cell;
  },
  metadata: setMetadata,
  geopoints: (draft, cell) => {
    if (!isMissing(cell)) draft.geopoints = cell;
  },
};

const templateColumns: [RegExp, (match: RegExpExecArray) => Setter][] = [
  [/^input\.id$/, () => (draft, cell) => void (draft.id = cell)],
  [
    /^input\.data\.(image|video|audio|text)\.url$/,
    ([, kind]) =>
      (draft, cell) =>
        addUrl(draft, cell, kind as Kind),
  ],
  [/^input\.data\.text\.raw$/, () => (draft, cell) => void (draft.text = cell)],
  [
    /^input\.data\.concepts\[(\d{1,4})\]\.id$/,
    ([, n]) =>
      (draft, cell) =>
        setConcept(draft, Number(n), { id: cell }),
  ],
  [
    /^input\.data\.concepts\[(\d{1,4})\]\.value$/,
    ([, n]) =>
      (draft, cell) => {
        const column = `input.data.concepts[${n}].value`;
        const value = numberIn(cell, column);
        if (value < 0 || value > 1)
          throw new InputError("ERR_CSV_NUMBER", `column ${column}: ${value} is not between 0 and 1`);
        setConcept(draft, Number(n), { value });
      },
  ],
  [/^input\.(data\.)?metadata$/, () => setMetadata],
  [/^input\.data\.geo\.geo_point\.(longitude|latitude)$/, ([, axis]) => setAxis(axis as "longitude" | "latitude")],
];

/**
 * The layout of a header: the columns may come in any order, and none is required but one with content.
 *
 * @throws {SourceError} ERR_CSV_COLUMNS
 */
export function layoutOf(header: readonly string[], path: string, options: LayoutOptions): Layout {
  const setters = header.map((column, index) => setterOf(column, index, path, header.length, options.keys));
  return (cells) => {
    const draft: Draft = {};
    for (let index = 0; index < setters.length; index += 1) {
      const cell = cells[index] ?? "";
      if (cell.trim() !== "") setters[index]?.(draft, cell, options);
    }
    return draft.metadata === undefined && draft.names === undefined
      ? inputOf(draft, {}, options)
      : withCells(draft, options);
  };
}

/** Reads the cells that hold a list or an object, which takes a moment where they are in Python's notation. */
function withCells(draft: Draft, options: LayoutOptions): InputDraft | Promise<InputDraft> {
  const metadata = draft.metadata === undefined ? undefined : metadataIn(draft.metadata);
  const concepts = draft.names === undefined ? undefined : conceptsIn(draft.names);
  if (!(metadata instanceof Promise) && !(concepts instanceof Promise)) {
    return inputOf(draft, { metadata, concepts }, options);
  }
  return Promise.all([metadata, concepts]).then(([metadata, concepts]) =>
    inputOf(draft, { metadata, concepts }, options),
  );
}

function setterOf(column: string, index: number, path: string, columns: number, keys: readonly string[]): Setter {
  if (column === "") return unnamed(index);
  const known = Object.hasOwn(sdkColumns, column) ? sdkColumns[column] : undefined;
  if (known) return known;
  for (const [pattern, make] of templateColumns) {
    const match = pattern.exec(column);
    if (match) return make(match);
  }
  if (keys.includes(column)) return () => undefined;
  const text = `csv: ${path}: the column "${shortened(column)}" is not known; ${hintFor(column, columns)}`;
  throw new SourceError("ERR_CSV_COLUMNS", text);
}

/** A spreadsheet leaves empty columns behind a table, without a name and without content. */
function unnamed(index: number): Setter {
  return (_, cell) => {
    const text = `column ${index + 1} has no name in the header, but here it has "${shortened(cell)}"`;
    const cure = index === 0 ? " (pandas writes such a column unless index=False)" : "";
    throw new InputError("ERR_CSV_ROW", `${text}; name the column or remove it${cure}`);
  };
}

function setMetadata(draft: Draft, cell: string): void {
  if (!isMissing(cell)) draft.metadata = cell;
}

function setAxis(axis: "longitude" | "latitude"): Setter {
  return (draft, cell) => {
    if (!isMissing(cell)) draft[axis] = cell;
  };
}

/** What a header that is not known may be about. */
function hintFor(column: string, columns: number): string {
  const separator = columns === 1 ? /[;\t|]/.exec(column)?.[0] : undefined;
  if (separator !== undefined) {
    const shown = JSON.stringify(separator);
    return `its columns seem to be separated by ${shown}: pass { delimiter: ${shown} } (on the command line --delimiter)`;
  }
  const alike = Object.keys(sdkColumns).find((known) => known === column.toLowerCase().replace(/[\s_-]/g, ""));
  const guess = alike === undefined ? "" : `did you mean "${alike}"? `;
  const known = Object.keys(sdkColumns).join(", ");
  return `${guess}known are ${known} and input.… of the portal; in a program csv(path, { map }) takes any other`;
}

function inputOf(
  draft: Draft,
  { metadata, concepts: listed }: { metadata?: Metadata | undefined; concepts?: Concept[] | undefined },
  options: LayoutOptions,
): InputDraft | Promise<InputDraft> {
  const input: InputDraft = {};
  if (draft.id !== undefined) input.id = draft.id;
  if (metadata) input.metadata = metadata;
  const concepts = listed ?? draft.concepts?.filter((concept) => concept !== undefined && concept.id !== "");
  if (concepts && concepts.length > 0) input.concepts = concepts;
  const geo = placeIn(draft);
  if (geo) input.geo = geo;
  if (draft.text !== undefined) input.text = draft.text;
  if (draft.urls) for (const { cell, kind } of draft.urls) Object.assign(input, urlIn(cell.trim(), kind));
  return draft.file === undefined ? input : withFile(input, draft.file, options.root);
}

function addUrl(draft: Draft, cell: string, kind: Kind | undefined): void {
  (draft.urls ??= []).push({ cell, kind });
}

function setConcept(draft: Draft, index: number, part: Partial<Concept>): void {
  draft.concepts ??= [];
  draft.concepts[index] = { id: "", ...draft.concepts[index], ...part };
}

function urlIn(cell: string, given: Kind | undefined): InputDraft {
  const url = checkUrl(cell);
  const kind = given ?? kindOfUrl(url);
  if (!kind) {
    throw new InputError(
      "ERR_KIND_UNKNOWN",
      `column input: the kind of "${redactUrl(cell)}" cannot be told; pass { kind }`,
    );
  }
  return urlField(kind, cell);
}

async function withFile(input: InputDraft, cell: string, root: string): Promise<InputDraft> {
  const folder = resolve(root);
  const path = await inFormOnDisk(resolve(folder, cell.trim()));
  if (!liesIn(folder, path) || !(await linksStayIn(folder, path))) {
    throw new InputError(
      "ERR_PATH_OUTSIDE",
      `column input: "${cell}" lies outside of ${root}; { root } allows another folder`,
    );
  }
  const described = await describeFile(path);
  const { kind, content, text } = described;
  if (kind === undefined) throw kindError(described, `column input: "${cell}"`);
  if (kind !== "text") return { ...input, [kind]: content };
  checkTextSize(content.sizeBytes ?? 0, `column input: "${cell}"`);
  return { ...input, text: text ?? decodeText(await readContent(content), path) };
}

/** The path as it is written, or in the other form of Unicode if only that exists: macOS and archives decompose accents, spreadsheets do not. */
async function inFormOnDisk(path: string): Promise<string> {
  if (isAscii.test(path)) return path;
  for (const form of [path, path.normalize("NFC"), path.normalize("NFD")]) {
    const exists = await access(form).then(
      () => true,
      () => false,
    );
    if (exists) return form;
  }
  return path;
}

function liesIn(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Whether a path is in the folder still when its links are followed; what is not there fails later, with its reason. */
async function linksStayIn(folder: string, path: string): Promise<boolean> {
  const target = await realpath(path).catch(() => undefined);
  return target === undefined || liesIn(await realpath(folder), target);
}

/** Names with commas between them, or a list as Python and JSON write it. */
function conceptsIn(cell: string): Concept[] | Promise<Concept[]> {
  if (/^\s*\[.*\]\s*$/s.test(cell)) return listedConcepts(cell);
  return cell
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .map((id) => ({ id }));
}

async function listedConcepts(cell: string): Promise<Concept[]> {
  const wrong = (reason: string, cause?: unknown) =>
    new InputError("ERR_CSV_CONCEPTS", `column concepts: ${shortened(cell)} ${reason}`, { cause });
  let list: unknown;
  try {
    list = await pythonLiteral(cell);
  } catch (error) {
    throw wrong('is not a list such as ["cat", "dog"]', error);
  }
  return (list as unknown[]).map((name) => {
    if (typeof name === "string" && name.trim() !== "") return { id: name.trim() };
    if (Number.isSafeInteger(name)) return { id: String(name) };
    throw wrong(`has ${JSON.stringify(name)} in its list; a concept is a text that is not empty`);
  });
}

/** A JSON object; also one with single quotes, `True` and `None`, as Python prints it. */
function metadataIn(cell: string): Metadata | Promise<Metadata> {
  try {
    return asObject(parseJson(cell), cell);
  } catch (error) {
    if (error instanceof InputError) throw inColumn("metadata", error);
    return relaxed(cell);
  }
}

async function relaxed(cell: string): Promise<Metadata> {
  let value: unknown;
  try {
    value = await pythonLiteral(cell);
  } catch (error) {
    if (error instanceof InputError) throw inColumn("metadata", error);
    throw new InputError("ERR_CSV_METADATA", `column metadata: ${shortened(cell)} is not a JSON object`, {
      cause: error,
    });
  }
  return asObject(value, cell);
}

function inColumn(column: string, error: InputError): InputError {
  if (error.code !== "ERR_NUMBER") return error;
  return new InputError(error.code, `column ${column}: ${error.message}`, { cause: error });
}

function asObject(value: unknown, cell: string): Metadata {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Metadata;
  throw new InputError("ERR_CSV_METADATA", `column metadata: ${shortened(cell)} is not a JSON object`);
}

function placeIn({ geopoints, longitude, latitude }: Draft): GeoPoint | undefined {
  if (geopoints !== undefined) {
    const parts = geopoints.split(",");
    if (parts.length === 2 && parts.every(isMissing)) return undefined;
    if (parts.length !== 2) {
      throw new InputError("ERR_CSV_GEO", `column geopoints: "${shortened(geopoints)}" is not longitude,latitude`);
    }
    return point(parts[0] ?? "", parts[1] ?? "", "geopoints");
  }
  if (longitude === undefined && latitude === undefined) return undefined;
  if (longitude === undefined || latitude === undefined) {
    throw new InputError("ERR_CSV_GEO", "longitude and latitude must both be given");
  }
  return point(longitude, latitude, "input.data.geo");
}

function point(longitudeText: string, latitudeText: string, column: string): GeoPoint {
  const longitude = numberIn(longitudeText, column);
  const latitude = numberIn(latitudeText, column);
  if (Math.abs(latitude) > 90 && Math.abs(latitude) <= 180 && Math.abs(longitude) <= 90) {
    throw new InputError("ERR_CSV_GEO", `column ${column}: latitude ${latitude} is beyond 90; longitude comes first`);
  }
  if (Math.abs(longitude) > 180 || Math.abs(latitude) > 90) {
    throw new InputError(
      "ERR_CSV_GEO",
      `column ${column}: ${longitude},${latitude} is no place on earth (longitude,latitude)`,
    );
  }
  return { longitude, latitude };
}

function numberIn(cell: string, column: string): number {
  const value = decimalIn(cell);
  if (Number.isFinite(value)) return value;
  throw new InputError("ERR_CSV_NUMBER", `column ${column}: "${shortened(cell)}" is not a number`);
}

function shortened(cell: string): string {
  return cell.length > 60 ? `${cell.slice(0, 57)}…` : cell;
}
