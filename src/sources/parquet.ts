/** Source: the rows of Parquet files, such as those of Hugging Face datasets. */

import * as z from "zod";
import { FlowError, InputError, SourceError } from "../core/errors.js";
import { idFromPath } from "../core/input/ids.js";
import { datasetsOption, joinDatasets } from "../core/plugin/datasets-option.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { doneEarlier, otherShard, type ReadContext, type SourceItem } from "../core/plugin/source.js";
import { filterOf } from "../formats/files/filter.js";
import { findFiles, type Walk } from "../formats/files/walk.js";
import { type Roles, rolesOf } from "../formats/parquet/columns.js";
import { openLocalFile } from "../formats/parquet/local-file.js";
import type { PartFile } from "../formats/parquet/part-file.js";
import { openRemoteFile } from "../formats/parquet/remote-file.js";
import { openTable, type ParquetTable, type RowRange, rangesOf, readRows } from "../formats/parquet/row-groups.js";
import { inputOfRow, ofRow, type Row } from "../formats/parquet/row-input.js";
import { addRemote } from "../formats/remote/add-remote.js";
import { isRemote } from "../formats/remote/is-remote.js";
import { remoteOptionFields } from "../formats/remote/options.js";

const Column = z.string().min(1);
const Columns = z.union([Column, z.array(Column).min(1)]);
const optionFields = {
  /** Column of the images: bytes, or `{ bytes, path }` as Hugging Face writes it; false for none. Default: the only such column. */
  image: z.union([Column, z.literal(false)]).optional(),
  /** Column of the videos. */
  video: Column.optional(),
  /** Column of the audio files. */
  audio: Column.optional(),
  /** Column of the texts. Beside an image, it makes a multimodal input. Default: the column `text`, in a file without media. */
  text: Column.optional(),
  /** Columns of the labels, which become concepts; false for none. Numbers of classes become their names. Default: the class labels of Hugging Face's schema. */
  labels: z.union([Columns, z.literal(false)]).optional(),
  /** Columns whose values make the id. Default: the folder's own name, the name of the file, and the number of the row. */
  ids: Columns.optional(),
  /** Columns that become metadata. Others are not read. Default: all that nothing else uses. */
  metadata: z.array(Column).optional(),
  /** Datasets that every input joins. */
  datasets: datasetsOption,
  /** Largest part of a row group that is unpacked in memory, in bytes. Default: 1,000,000,000. */
  maxGroupBytes: z.number().int().min(1).default(1_000_000_000),
};
const Options = z.strictObject({ ...remoteOptionFields, ...optionFields });
/** Options of `parquet`. */
export type ParquetOptions = OptionsOf<typeof remoteOptionFields> & OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options>;

/**
 * Reads the rows of a Parquet file, or of all `.parquet` files of a folder: images, videos or audio files as bytes, or texts. Other columns become metadata, and class
 * labels of Hugging Face's schema become concepts. Needs the package `hyparquet`, and for other codecs than Snappy `hyparquet-compressors`.
 *
 * `s3://bucket/a.parquet` and `https://host/a.parquet` are read where they lie, by range requests: the schema, and the columns that are used. The credentials of a bucket
 * are those of `s3`; a web server must have a public address, unless `allowPrivate: true`.
 *
 * Reads one row group at a time, and only the columns that are used; of a large row group only some rows, if the file has an index of its pages. An integer beyond 2^53
 * becomes a text, and a time ISO 8601. Columns of bytes that are not named, and decimals with more than 15 digits, are left out, with a note in the report.
 *
 * A row fails alone if it has no content or a value that cannot be used (ERR_PARQUET_CELL). If a row group is damaged (ERR_PARQUET_DAMAGED) or too large
 * (ERR_PARQUET_GROUP), it counts as one failed input, and reading continues behind it. A remote file that changes during the run fails the row groups that
 * are not read yet (ERR_FILE_CHANGED).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_PARQUET_UNREADABLE, ERR_PARQUET_COLUMN, ERR_FOLDER_UNREADABLE, ERR_FILE_UNREADABLE; for a
 *   remote file also ERR_REMOTE_RANGES when the server sends no parts, and the codes of the server
 * @example await flow(parquet("./train.parquet", { image: "image", labels: "label" })).pipe(upload(app)).run();
 */
export const parquet = defineSource({
  name: "parquet",
  parse(path: string, options: ParquetOptions = {}) {
    checkPath("parquet", path);
    const checked = parseOptions("parquet", Options, options);
    if (isRemote(path)) return { ...checked, path, remote: addRemote("parquet", path, checked) };
    return { ...checked, path: path.replace(/(?<=[^/])\/+$/, ""), remote: undefined };
  },
  from: ({ path, remote }) => remote?.name ?? path,
  async *read({ path, remote, ...options }, context) {
    if (remote) {
      yield* rowsOf(openRemoteFile(remote, context.signal), options, context);
      return;
    }
    const walk: Walk = {
      ...{ plugin: "parquet", root: path, filter: filterOf({}) },
      options: { recursive: true, hidden: false, followSymlinks: false },
    };
    for (const found of findFiles(walk)) {
      if (context.signal.aborted) return;
      if ("item" in found) yield found.item;
      else if (found.path !== path && !/\.parquet$/i.test(found.name))
        yield { origin: found.path, skipped: "not a Parquet file" };
      else yield* rowsOf(openLocalFile(found.path), options, context);
    }
  },
});

async function* rowsOf(opening: Promise<PartFile>, options: Checked, context: ReadContext): AsyncGenerator<SourceItem> {
  const file = await opening.catch((error: unknown) => {
    context.signal.throwIfAborted();
    throw asSourceError(error);
  });
  try {
    const table = await openTable(file).catch((error: unknown) => {
      throw asSourceError(error);
    });
    const { name: path, place, shortName, version } = file;
    const roles = rolesOf(path, table.columns, options);
    const idOfOrigin = (origin: string) =>
      roles.ids.length > 0 ? undefined : idFromPath(`${shortName}/${origin.slice(origin.lastIndexOf(":") + 1)}`);
    const keys = JSON.stringify([
      options.image,
      options.video,
      options.audio,
      options.text,
      options.labels,
      options.ids,
      options.metadata,
      options.datasets,
    ]);
    const shardKeyOf = (start: number) => `${shortName}\nrows from ${start}`;
    const keyOf = (row: number) => `${place}\n${version}\nrow ${row}\n${keys}`;
    const names: Names = { path, idOfOrigin, keyOf, shardKeyOf };
    for (const range of rangesOf(table, roles.read))
      yield* itemsOf(table, roles, range, { ...options, names }, context);
  } finally {
    await file.close();
  }
}

interface Names {
  path: string;
  idOfOrigin(origin: string): string | undefined;
  /** Returns the journal key of a row. */
  keyOf(row: number): string;
  /** Returns what decides the shard of the rows that are read together. */
  shardKeyOf(start: number): string;
}

async function* itemsOf(
  table: ParquetTable,
  roles: Roles,
  range: RowRange,
  { names, datasets, maxGroupBytes }: Checked & { names: Names },
  { signal, isDone, isOtherShard }: ReadContext,
): AsyncGenerator<SourceItem> {
  const join = joinDatasets(datasets);
  const originOf = (row: number) => `${names.path}:${row}`;
  const done = (row: number) => isDone?.(() => names.keyOf(row)) === true;
  const numbers = Array.from({ length: range.end - range.start }, (_, index) => range.start + index + 1);
  // Rows that are read together are of one shard. Ids of columns are known when the rows are read, and rows of one id belong to one shard.
  const shardKey = isOtherShard && roles.ids.length === 0 ? names.shardKeyOf(range.start) : undefined;
  if (shardKey !== undefined && isOtherShard?.(shardKey)) {
    for (const number of numbers) yield { origin: originOf(number), skipped: otherShard };
    return;
  }
  const open = isDone ? numbers.filter((row) => !done(row)) : numbers;
  let rows: Row[] = [];
  if (open.length > 0) {
    try {
      if (range.bytes > maxGroupBytes) throw tooLarge(names.path, range, maxGroupBytes);
      rows = await readRows(table, roles.read, range);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof FlowError && error.code === "ERR_PACKAGE_MISSING") throw asSourceError(error);
      yield { origin: `${names.path}:${range.start + 1}-${range.end}`, error: error as Error, shardKey };
      return;
    }
  }
  const isOpen = new Set(open);
  for (const [index, number] of numbers.entries()) {
    if (signal.aborted) return;
    const origin = originOf(number);
    if (!isOpen.has(number)) yield { origin, skipped: doneEarlier, id: names.idOfOrigin, shardKey };
    else yield { ...join(itemOf(rows[index] ?? {}, number, origin, roles, names, isDone !== undefined)), shardKey };
    delete rows[index]; // its bytes are copied
  }
}

function itemOf(
  row: Row,
  number: number,
  origin: string,
  roles: Roles,
  names: Names,
  isJournaled: boolean,
): SourceItem {
  try {
    const { input, notes } = inputOfRow(row, roles);
    const id = input.id ?? names.idOfOrigin(origin);
    return {
      origin,
      input: id === undefined ? input : { ...input, id },
      notes,
      key: isJournaled ? names.keyOf(number) : undefined,
    };
  } catch (error) {
    return { origin, error: ofRow(error, number) as Error };
  }
}

function tooLarge(path: string, { start, end, bytes }: RowRange, maxGroupBytes: number): InputError {
  const text = `parquet: ${path}: rows ${start + 1} to ${end} have ${Math.round(bytes)} bytes; the limit is ${maxGroupBytes} (maxGroupBytes)`;
  return new InputError(
    "ERR_PARQUET_GROUP",
    `${text}; write the file with smaller row groups, or with an index of its pages`,
  );
}

/** A file that cannot be read at all ends the run. */
function asSourceError(error: unknown): unknown {
  return error instanceof FlowError ? new SourceError(error.code, error.message, { cause: error }) : error;
}
