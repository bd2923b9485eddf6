/** Reads the rows of a Parquet file, a part of a row group at a time. */

import type { AsyncBuffer, Compressors, FileMetaData, RowGroup } from "hyparquet";
import { describeError, FlowError, InputError, SourceError } from "../../core/errors.js";
import { loadOptional } from "../optional-package.js";
import { type Column, columnsOf } from "./columns.js";
import type { PartFile } from "./part-file.js";
import type { Row } from "./row-input.js";
import { exactParsers } from "./values.js";

type Library = typeof import("hyparquet");

/** Codecs of the library itself. */
const builtIn = new Set(["UNCOMPRESSED", "SNAPPY"]);
/** Unpacked bytes of the rows that are read at once, where the file has an index of its pages. */
const sliceBytes = 32_000_000;
/** Bytes at the end of a file that hold its schema, in most files. */
const footerBytes = 512 * 1024;

/** A Parquet file that is open. */
export interface ParquetTable {
  file: PartFile;
  metadata: FileMetaData;
  columns: Column[];
  rows: number;
}

/** Rows that are read together: numbers from 0; `end` is not one of them. */
export interface RowRange {
  start: number;
  end: number;
  /** Unpacked bytes of the columns that are read. */
  bytes: number;
}

export function loadParquet(): Promise<Library> {
  return loadOptional("parquet", "hyparquet@1", () => import("hyparquet"));
}

/** Reads the schema of a file. @throws {SourceError} ERR_PARQUET_UNREADABLE @throws {InputError} ERR_PACKAGE_MISSING */
export async function openTable(file: PartFile): Promise<ParquetTable> {
  const { parquetMetadataAsync, parquetSchema } = await loadParquet();
  try {
    const metadata = await parquetMetadataAsync(bufferOf(file), {
      initialFetchSize: footerBytes,
      parsers: exactParsers,
      geoparquet: false,
    });
    return { file, metadata, columns: columnsOf(parquetSchema(metadata), metadata), rows: Number(metadata.num_rows) };
  } catch (error) {
    if (error instanceof FlowError) throw error;
    const text = `parquet: ${file.name} is not a Parquet file, or is damaged: ${describeError(error)}`;
    throw new SourceError("ERR_PARQUET_UNREADABLE", text, { cause: error });
  }
}

/** Yields the ranges of rows that are read together: a row group, or a part of a large one if the file has an index of its pages. */
export function* rangesOf({ metadata }: ParquetTable, read: readonly string[]): Generator<RowRange> {
  let start = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    const chunks = group.columns.filter(({ meta_data }) => read.includes(meta_data?.path_in_schema[0] ?? ""));
    const bytes = chunks.reduce((sum, { meta_data }) => sum + Number(meta_data?.total_uncompressed_size ?? 0), 0);
    const isIndexed = chunks.every((chunk) => chunk.offset_index_offset !== undefined);
    const parts = isIndexed ? Math.min(rows, Math.ceil(bytes / sliceBytes)) : 1;
    const size = Math.ceil(rows / Math.max(1, parts));
    for (let at = 0; at < rows; at += size) {
      const end = Math.min(rows, at + size);
      yield { start: start + at, end: start + end, bytes: (bytes * (end - at)) / rows };
    }
    start += rows;
  }
}

/** Reads rows. @throws {InputError} ERR_PARQUET_DAMAGED, ERR_PACKAGE_MISSING, ERR_FILE_CHANGED */
export async function readRows(
  { file, metadata }: ParquetTable,
  columns: string[],
  { start, end }: RowRange,
): Promise<Row[]> {
  const { parquetReadObjects } = await loadParquet();
  const compressors = await compressorsFor(metadata.row_groups, columns);
  const options = { file: bufferOf(file), metadata, columns, rowStart: start, rowEnd: end };
  const exact = { utf8: false, geoparquet: false, parsers: exactParsers, useOffsetIndex: true };
  try {
    return await parquetReadObjects({ ...options, ...exact, ...(compressors && { compressors }) });
  } catch (error) {
    if (error instanceof FlowError) throw error;
    const text = `parquet: ${file.name}: rows ${start + 1} to ${end} cannot be read: ${describeError(error)}`;
    throw new InputError("ERR_PARQUET_DAMAGED", text, { cause: error });
  }
}

async function compressorsFor(
  groups: readonly RowGroup[],
  columns: readonly string[],
): Promise<Compressors | undefined> {
  const needs = groups.some((group) =>
    group.columns.some(
      ({ meta_data }) =>
        meta_data && columns.includes(meta_data.path_in_schema[0] ?? "") && !builtIn.has(meta_data.codec),
    ),
  );
  if (!needs) return undefined;
  const load = () => import("hyparquet-compressors");
  return (await loadOptional("parquet", "hyparquet-compressors@1", load)).compressors as Compressors;
}

function bufferOf(file: PartFile): AsyncBuffer {
  return { byteLength: file.sizeBytes, slice: (start, end = file.sizeBytes) => file.read(start, end) };
}
