/** The columns of a CSV that are known: how their cells make an input. */

import { realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { decodeText, describeFile, readContent } from "../core/content.js";
import { InputError, SourceError } from "../core/errors.js";
import { checkUrl } from "../core/guarded-fetch.js";
import type { Concept, GeoPoint, InputDraft, Json, Kind } from "../core/input.js";
import { kindOfUrl, urlField } from "../core/kind-of-url.js";
import { limits } from "../core/limits.js";
import { shownUrl } from "../core/secret-urls.js";

/** Makes an input of the cells of a row. */
export type Layout = (cells: readonly string[]) => InputDraft | Promise<InputDraft>;

export interface LayoutOptions {
  input: "text" | "url" | "file";
  kind?: Kind | undefined;
  root: string;
}

type Metadata = { [key: string]: Json };
type Setter = (draft: Draft, cell: string, options: LayoutOptions) => void;

interface Draft {
  id?: string;
  text?: string;
  urls?: { cell: string; kind?: Kind | undefined }[];
  file?: string;
  concepts?: Concept[];
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
  concepts: (draft, cell) => void (draft.concepts = namesIn(cell).map((id) => ({ id }))),
  metadata: (draft, cell) => void (draft.metadata = cell),
  geopoints: (draft, cell) => void (draft.geopoints = cell),
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
  [/^input\.(data\.)?metadata$/, () => (draft, cell) => void (draft.metadata = cell)],
  [/^input\.data\.geo\.geo_point\.longitude$/, () => (draft, cell) => void (draft.longitude = cell)],
  [/^input\.data\.geo\.geo_point\.latitude$/, () => (draft, cell) => void (draft.latitude = cell)],
];

/**
 * The layout of a header: the columns may come in any order, and none is required but one with content.
 *
 * @throws {SourceError} ERR_CSV_COLUMNS
 */
export function layoutOf(header: readonly string[], path: string, options: LayoutOptions): Layout {
  const seen = new Set<string>();
  const twice = header.find((column) => seen.size === seen.add(column).size);
  if (twice !== undefined)
    throw new SourceError("ERR_CSV_COLUMNS", `csv: ${path}: the column "${shortened(twice)}" is there twice`);
  const setters = header.map((column) => setterOf(column, path, header.length));
  return (cells) => {
    const draft: Draft = {};
    for (let index = 0; index < setters.length; index += 1) {
      const cell = cells[index] ?? "";
      if (cell.trim() !== "") setters[index]?.(draft, cell, options);
    }
    const metadata = draft.metadata === undefined ? undefined : metadataIn(draft.metadata);
    // One after the other: of two promises side by side, the second to fail would have nobody to tell.
    return metadata instanceof Promise
      ? metadata.then((found) => inputOf(draft, found, options))
      : inputOf(draft, metadata, options);
  };
}

function setterOf(column: string, path: string, columns: number): Setter {
  const known = Object.hasOwn(sdkColumns, column) ? sdkColumns[column] : undefined;
  if (known) return known;
  for (const [pattern, make] of templateColumns) {
    const match = pattern.exec(column);
    if (match) return make(match);
  }
  const text = `csv: ${path}: the column "${shortened(column)}" is not known; ${hintFor(column, columns)}`;
  throw new SourceError("ERR_CSV_COLUMNS", text);
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
  metadata: Metadata | undefined,
  options: LayoutOptions,
): InputDraft | Promise<InputDraft> {
  const input: InputDraft = {};
  if (draft.id !== undefined) input.id = draft.id;
  if (metadata) input.metadata = metadata;
  const concepts = draft.concepts?.filter((concept) => concept !== undefined && concept.id !== "");
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
      `column input: the kind of "${shownUrl(cell)}" cannot be told; pass { kind }`,
    );
  }
  return urlField(kind, cell);
}

async function withFile(input: InputDraft, cell: string, root: string): Promise<InputDraft> {
  const folder = resolve(root);
  const path = resolve(folder, cell.trim());
  if (!liesIn(folder, path) || !(await linksStayIn(folder, path))) {
    throw new InputError(
      "ERR_PATH_OUTSIDE",
      `column input: "${cell}" lies outside of ${root}; { root } allows another folder`,
    );
  }
  const { kind, content, text } = await describeFile(path);
  if (kind === undefined) {
    throw new InputError("ERR_KIND_UNKNOWN", `column input: "${cell}" is not an image, video, audio or text`);
  }
  if (kind !== "text") return { ...input, [kind]: content };
  const { sizeBytes = 0 } = content;
  if (sizeBytes >= limits.maxItemBytes.text) {
    const limit = limits.maxItemBytes.text;
    throw new InputError(
      "ERR_ITEM_TOO_LARGE",
      `column input: "${cell}" has ${sizeBytes} bytes; a text must have less than ${limit}`,
    );
  }
  return { ...input, text: text ?? decodeText(await readContent(content), path) };
}

function liesIn(folder: string, path: string): boolean {
  return path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Whether a path is in the folder still when its links are followed; what is not there fails later, with its reason. */
async function linksStayIn(folder: string, path: string): Promise<boolean> {
  const target = await realpath(path).catch(() => undefined);
  return target === undefined || liesIn(await realpath(folder), target);
}

function namesIn(cell: string): string[] {
  return cell
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** A JSON object; also one with single quotes, as Python prints it, where apostrophes inside of strings stay what they are. */
function metadataIn(cell: string): Metadata | Promise<Metadata> {
  try {
    return asObject(JSON.parse(cell), cell);
  } catch (error) {
    if (error instanceof InputError) throw error;
    return relaxed(cell);
  }
}

async function relaxed(cell: string): Promise<Metadata> {
  const { default: json5 } = await import("json5");
  let value: unknown;
  try {
    value = json5.parse(cell);
  } catch (error) {
    throw new InputError("ERR_CSV_METADATA", `column metadata: ${shortened(cell)} is not a JSON object`, {
      cause: error,
    });
  }
  return asObject(value, cell);
}

function asObject(value: unknown, cell: string): Metadata {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Metadata;
  throw new InputError("ERR_CSV_METADATA", `column metadata: ${shortened(cell)} is not a JSON object`);
}

function placeIn({ geopoints, longitude, latitude }: Draft): GeoPoint | undefined {
  if (geopoints !== undefined) {
    const parts = geopoints.split(",");
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
  const value = cell.trim() === "" ? Number.NaN : Number(cell);
  if (Number.isFinite(value)) return value;
  throw new InputError("ERR_CSV_NUMBER", `column ${column}: "${shortened(cell)}" is not a number`);
}

function shortened(cell: string): string {
  return cell.length > 60 ? `${cell.slice(0, 57)}…` : cell;
}
