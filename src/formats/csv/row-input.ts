/** Makes an input of the cells of a row. */

import { access, realpath } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { InputError } from "../../core/errors.js";
import { checkTextSize, decodeText, readContent } from "../../core/input/content.js";
import { describeFile, kindError } from "../../core/input/describe.js";
import { kindOfUrl, urlField } from "../../core/input/detect/names.js";
import type { Concept, GeoPoint, InputDraft, Kind } from "../../core/input/input.js";
import { checkUrl } from "../../core/net/guarded-fetch.js";
import { redactUrl } from "../../core/redact-urls.js";
import { conceptsIn, geoPointIn, geoPointOf, type Metadata, metadataIn } from "./cell-values.js";

const isAscii = /^[\x00-\x7F]*$/;

/** The cells of a row, by what they mean. */
export interface RowCells {
  id?: string;
  text?: string;
  urls?: { cell: string; kind?: Kind | undefined }[];
  file?: string;
  /** Concepts in columns of their own. */
  concepts?: Concept[];
  /** The cell with a list of concept names. */
  conceptNames?: string;
  metadata?: string;
  /** Entries of the metadata in columns of their own. */
  entries?: Metadata;
  datasets?: string[];
  longitude?: string;
  latitude?: string;
  geopoints?: string;
  /** Names of the columns in the file, by the field that they fill, if they are not the known ones. */
  columns?: Readonly<Record<string, string>> | undefined;
}

/**
 * Makes an input of the cells of a row. Returns a promise if a cell is in Python's notation, or names a file.
 *
 * @param root folder that files have to lie in.
 * @throws {InputError}
 */
export function inputOfRow(cells: RowCells, root: string): InputDraft | Promise<InputDraft> {
  const { metadata: metadataColumn, concepts: conceptsColumn } = cells.columns ?? {};
  const metadata = cells.metadata === undefined ? undefined : metadataIn(cells.metadata, metadataColumn);
  const concepts = cells.conceptNames === undefined ? undefined : conceptsIn(cells.conceptNames, conceptsColumn);
  if (!(metadata instanceof Promise) && !(concepts instanceof Promise)) {
    return withLists(cells, { metadata, concepts }, root);
  }
  return Promise.all([metadata, concepts]).then(([metadata, concepts]) =>
    withLists(cells, { metadata, concepts }, root),
  );
}

function withLists(
  cells: RowCells,
  { metadata, concepts: named }: { metadata?: Metadata | undefined; concepts?: Concept[] | undefined },
  root: string,
): InputDraft | Promise<InputDraft> {
  const input: InputDraft = {};
  if (cells.id !== undefined) input.id = cells.id;
  if (metadata || cells.entries) input.metadata = { ...metadata, ...cells.entries };
  if (cells.datasets) input.datasets = cells.datasets;
  const single = cells.concepts?.filter((concept) => concept !== undefined && concept.id !== "");
  const concepts = named && cells.columns ? [...named, ...(single ?? [])] : (named ?? single);
  if (concepts && concepts.length > 0) input.concepts = concepts;
  const geo = locationOf(cells);
  if (geo) input.geo = geo;
  if (cells.text !== undefined) input.text = cells.text;
  if (cells.urls) {
    for (const { cell, kind } of cells.urls) Object.assign(input, urlIn(cell.trim(), kind, cells.columns?.url));
  }
  return cells.file === undefined ? input : withFile(input, cells.file, root, cells.columns?.file);
}

function locationOf({ geopoints, longitude, latitude, columns }: RowCells): GeoPoint | undefined {
  if (geopoints !== undefined) return geoPointIn(geopoints, columns?.geo);
  if (longitude === undefined && latitude === undefined) return undefined;
  if (longitude === undefined || latitude === undefined) {
    throw new InputError("ERR_CSV_GEO", "the row has only one of longitude and latitude; it needs both, or neither");
  }
  const names = [columns?.longitude, columns?.latitude].filter((name) => name !== undefined);
  return geoPointOf(longitude, latitude, names.length === 0 ? "input.data.geo" : names.join(", "));
}

function urlIn(cell: string, kindOfColumn: Kind | undefined, column = "input"): InputDraft {
  const url = checkUrl(cell);
  const kind = kindOfColumn ?? kindOfUrl(url);
  if (kind) return urlField(kind, cell);
  const text = `column ${column}: the extension of "${redactUrl(cell)}" is that of no image, video, audio or text; pass { kind }`;
  throw new InputError("ERR_KIND_UNKNOWN", text);
}

async function withFile(input: InputDraft, cell: string, root: string, column = "input"): Promise<InputDraft> {
  const folder = resolve(root);
  const path = await inFormOnDisk(resolve(folder, cell.trim()));
  const name = `column ${column}: "${cell}"`;
  if (!liesIn(folder, path) || !(await linksStayIn(folder, path))) {
    throw new InputError("ERR_PATH_OUTSIDE", `${name} lies outside of ${root}; { root } allows another folder`);
  }
  const described = await describeFile(path);
  const { kind, content, text } = described;
  if (kind === undefined) throw kindError(described, name);
  if (kind !== "text") return { ...input, [kind]: content };
  checkTextSize(content.sizeBytes ?? 0, name);
  return { ...input, text: text ?? decodeText(await readContent(content), path) };
}

/**
 * Returns the path as it is written, or in the other Unicode form if only that exists: macOS and archives decompose accented letters, spreadsheets
 * compose them.
 */
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

/** Whether a path still lies in the folder when its links are followed. A missing file counts as inside: reading it fails with the reason. */
async function linksStayIn(folder: string, path: string): Promise<boolean> {
  const target = await realpath(path).catch(() => undefined);
  return target === undefined || liesIn(await realpath(folder), target);
}
