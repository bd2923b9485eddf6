/** The rows of a Parquet file as items of a source. */

import type * as z from "zod";
import { FlowError, InputError, SourceError } from "../../core/errors.js";
import { idFromPath } from "../../core/input/ids.js";
import { joinDatasets } from "../../core/plugin/datasets-option.js";
import { doneEarlier, otherShard, type ReadContext, type SourceItem } from "../../core/plugin/source.js";
import { type Roles, rolesOf } from "./columns.js";
import type { rowOptionFields } from "./options.js";
import type { PartFile } from "./part-file.js";
import { openTable, type ParquetTable, type RowRange, rangesOf, readRows } from "./row-groups.js";
import { inputOfRow, ofRow, type Row } from "./row-input.js";

/** Checked options of the rows. */
export type RowOptions = z.output<z.ZodObject<typeof rowOptionFields>> & {
  /** The part of a dataset that the file belongs to; a column of this name wins. */
  split?: string | undefined;
};

/**
 * Yields the rows of a file as items of a source, in order. Closes the file.
 *
 * @throws {SourceError} ERR_PARQUET_UNREADABLE, ERR_PARQUET_COLUMN, and the code of what fails to open the file
 */
export async function* rowsOf(
  opening: Promise<PartFile>,
  options: RowOptions,
  context: ReadContext,
): AsyncGenerator<SourceItem> {
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
      ...(options.split === undefined ? [] : [options.split]),
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
  { names, datasets, maxGroupBytes, split }: RowOptions & { names: Names },
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
    else
      yield {
        ...join(itemOf(rows[index] ?? {}, number, origin, { roles, names, split, isJournaled: isDone !== undefined })),
        shardKey,
      };
    delete rows[index]; // its bytes are copied
  }
}

interface RowContext {
  roles: Roles;
  names: Names;
  split: string | undefined;
  isJournaled: boolean;
}

function itemOf(
  row: Row,
  number: number,
  origin: string,
  { roles, names, split, isJournaled }: RowContext,
): SourceItem {
  try {
    const { input, notes } = inputOfRow(row, roles);
    if (split !== undefined) input.metadata = { split, ...input.metadata };
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
