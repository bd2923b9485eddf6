/** Adds the inputs of a request, with their annotations and datasets. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { SqlValue } from "./driver.js";
import { jsonLists } from "./json-lists.js";
import type { AnnotationData, InputRow } from "./model.js";
import { newId, timestamp } from "./stamps.js";
import type { Store } from "./store.js";

/** An input that is not stored yet. Its concepts and datasets exist. */
export interface NewInput extends Pick<InputRow, "id" | "kind" | "media" | "fields" | "sha256" | "size_bytes" | "url"> {
  annotations: readonly AnnotationData[];
  datasets: readonly string[];
}

/** Returns which of these ids inputs of the app have. */
export function existingIds(store: Store, app: number, ids: readonly string[]): Set<string> {
  const sql = "SELECT id FROM inputs WHERE app = ? AND id IN (SELECT value FROM json_each(?))";
  return new Set(store.all<{ id: string }>(sql, app, JSON.stringify(ids)).map(({ id }) => id));
}

/** Returns which of these URLs inputs of the app have. */
export function existingUrls(store: Store, app: number, urls: readonly string[]): Set<string> {
  const sql = "SELECT url FROM inputs WHERE app = ? AND url IN (SELECT value FROM json_each(?))";
  return new Set(store.all<{ url: string }>(sql, app, JSON.stringify(urls)).map(({ url }) => url));
}

/**
 * Adds inputs of an app as pending, each with its input-level annotation, in one transaction. Returns their rows.
 *
 * @param job id of the job that counts the inputs
 */
export function insertInputs(store: Store, app: number, job: string | null, inputs: readonly NewInput[]): InputRow[] {
  if (inputs.length === 0) return [];
  return store.transaction(() => {
    const rows = rowsOf(store, app, job, inputs);
    insertRows(store, rows);
    insertAnnotations(store, rows, inputs);
    insertMembers(store, app, rows, inputs);
    return rows;
  });
}

/** Makes the rows of inputs. Their numbers are given here, so that no statement has to return them. */
function rowsOf(store: Store, app: number, job: string | null, inputs: readonly NewInput[]): InputRow[] {
  const timesStored = takeTimesStored(
    store,
    app,
    inputs.map(({ id }) => id),
  );
  const last = store.get<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'inputs'")?.seq ?? 0;
  return inputs.map((input, index) => {
    const now = timestamp();
    return {
      seq: last + 1 + index,
      app,
      id: input.id,
      kind: input.kind,
      media: input.media,
      fields: input.fields,
      sha256: input.sha256,
      size_bytes: input.size_bytes,
      url: input.url?.toWellFormed() ?? null,
      status: statusCodes.INPUT_PENDING,
      details: null,
      job,
      created_at: now,
      modified_at: now,
      times_stored: (timesStored.get(input.id) ?? 0) + 1,
      deleting: 0,
    };
  });
}

/** Returns how often deleted inputs with these ids were stored, and forgets those inputs. */
function takeTimesStored(store: Store, app: number, ids: readonly string[]): Map<string, number> {
  const where = "WHERE app = ? AND id IN (SELECT value FROM json_each(?))";
  const list = JSON.stringify(ids);
  const sql = `SELECT id, times_stored FROM deleted ${where}`;
  const rows = store.all<{ id: string; times_stored: number }>(sql, app, list);
  if (rows.length > 0) store.run(`DELETE FROM deleted ${where}`, app, list);
  return new Map(rows.map((row) => [row.id, row.times_stored]));
}

function insertRows(store: Store, rows: readonly InputRow[]): void {
  const [{ app, status, job }] = rows as [InputRow];
  const sql = `INSERT INTO inputs (seq, app, id, kind, media, fields, sha256, size_bytes, url, status, job, created_at, modified_at, times_stored)
    SELECT value->>0, ?1, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6, value->>7, ?2, ?3, value->>8, value->>8, value->>9
    FROM json_each(?4)`;
  const values = rows.map((row) => [
    ...[row.seq, row.id, row.kind, row.media, row.fields, row.sha256, row.size_bytes, row.url],
    ...[row.created_at, row.times_stored],
  ]);
  for (const list of jsonLists(values)) store.run(sql, app, status, job, list);
}

/** Adds the input-level annotation of each input and the annotations behind it, so that listings have the order of the inputs. */
function insertAnnotations(store: Store, rows: readonly InputRow[], inputs: readonly NewInput[]): void {
  const values: SqlValue[][] = [];
  for (const [index, { id, created_at: createdAt }] of rows.entries()) {
    values.push([newId(), id, 1, "{}", createdAt]);
    for (const data of inputs[index]?.annotations ?? [])
      values.push([newId(), id, 0, JSON.stringify(data), timestamp()]);
  }
  const sql = `INSERT INTO annotations (app, id, input_id, level, data, status, created_at, modified_at)
    SELECT ?1, value->>0, value->>1, value->>2, value->>3, ?2, value->>4, value->>4 FROM json_each(?3)`;
  const [{ app }] = rows as [InputRow];
  for (const list of jsonLists(values)) store.run(sql, app, statusCodes.ANNOTATION_SUCCESS, list);
}

function insertMembers(store: Store, app: number, rows: readonly InputRow[], inputs: readonly NewInput[]): void {
  const values = inputs.flatMap(({ datasets }, index) => {
    return datasets.map((dataset) => [dataset, rows[index]?.seq ?? 0, timestamp()]);
  });
  const sql = `INSERT OR IGNORE INTO dataset_inputs (app, dataset, input, created_at)
    SELECT ?1, value->>0, value->>1, value->>2 FROM json_each(?2)`;
  for (const list of jsonLists(values)) store.run(sql, app, list);
}
