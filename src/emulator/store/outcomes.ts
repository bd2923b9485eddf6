/** Reads inputs that wait for processing, and writes their progress and their outcomes. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { jsonLists } from "./json-lists.js";
import type { InputRow } from "./model.js";
import { timestamp } from "./stamps.js";
import type { JobCounter, Store } from "./store.js";

/** The outcome of processing an input. */
export interface Outcome {
  row: InputRow;
  /** Status code of the input. */
  code: number;
  details: string | null;
  /** JSON of the media objects, without bytes. */
  media: string;
  /** The file of an input by URL. */
  stored?: { sha256: string; sizeBytes: number; valid: boolean } | undefined;
}

const { INPUT_PENDING, INPUT_IN_PROGRESS, INPUT_SUCCESS } = statusCodes;

/** Returns the numbers of all inputs that are not processed yet. */
export function unprocessed(store: Store): number[] {
  const sql = "SELECT seq FROM inputs WHERE status IN (?, ?) ORDER BY seq";
  return store.all<{ seq: number }>(sql, INPUT_PENDING, INPUT_IN_PROGRESS).map(({ seq }) => seq);
}

/** Returns the rows of unprocessed inputs. An entry is a row, or the number of an input whose row is read. Deleted inputs are left out. */
export function unprocessedRows(store: Store, entries: readonly (InputRow | number)[]): InputRow[] {
  const rows = entries.filter((entry) => typeof entry === "object");
  const seqs = entries.filter((entry) => typeof entry === "number");
  const sql = "SELECT * FROM inputs WHERE seq IN (SELECT value FROM json_each(?)) AND status IN (?, ?) ORDER BY seq";
  const read = seqs.length > 0 ? store.all<InputRow>(sql, JSON.stringify(seqs), INPUT_PENDING, INPUT_IN_PROGRESS) : [];
  return [...read, ...existing(store, rows, (row) => row.seq)];
}

/** Leaves out the items of inputs that were deleted in the meantime. */
function existing<T>(store: Store, items: readonly T[], seqOf: (item: T) => number): readonly T[] {
  if (items.length === 0) return items;
  const list = JSON.stringify(items.map(seqOf));
  const where = "FROM inputs WHERE seq IN (SELECT value FROM json_each(?))";
  const found = store.get<{ count: number }>(`SELECT count(*) AS count ${where}`, list)?.count;
  if (found === items.length) return items;
  const seqs = new Set(store.all<{ seq: number }>(`SELECT seq ${where}`, list).map(({ seq }) => seq));
  return items.filter((item) => seqs.has(seqOf(item)));
}

/** Marks inputs as in progress. */
export function markInProgress(store: Store, rows: readonly InputRow[]): void {
  if (rows.length === 0) return;
  const sql = "UPDATE inputs SET status = ? WHERE seq IN (SELECT value FROM json_each(?))";
  store.run(sql, INPUT_IN_PROGRESS, JSON.stringify(rows.map(({ seq }) => seq)));
  moveInJobs(store, rows, () => "in_progress");
}

/** Writes outcomes for which inputs had to wait. Those of inputs that were deleted in the meantime are discarded. */
export function writeLateOutcomes(store: Store, outcomes: readonly Outcome[]): void {
  writeOutcomes(
    store,
    existing(store, outcomes, ({ row }) => row.seq),
  );
}

/** Writes outcomes of inputs that exist. */
export function writeOutcomes(store: Store, outcomes: readonly Outcome[]): void {
  const isPlain = ({ row, code, media, stored }: Outcome) => code === INPUT_SUCCESS && media === row.media && !stored;
  writeProcessed(store, outcomes.filter(isPlain));
  writeChanged(
    store,
    outcomes.filter((outcome) => !isPlain(outcome)),
  );
  const codes = new Map(outcomes.map(({ row, code }) => [row, code]));
  const rows = outcomes.map(({ row }) => row);
  moveInJobs(store, rows, (row) => (codes.get(row) === INPUT_SUCCESS ? "success" : "failed"));
}

/** Writes outcomes of processed inputs whose media stay as they are. */
function writeProcessed(store: Store, outcomes: readonly Outcome[]): void {
  if (outcomes.length === 0) return;
  const sql = "UPDATE inputs SET status = ?, modified_at = ? WHERE seq IN (SELECT value FROM json_each(?))";
  store.run(sql, INPUT_SUCCESS, timestamp(), JSON.stringify(outcomes.map(({ row }) => row.seq)));
}

function writeChanged(store: Store, outcomes: readonly Outcome[]): void {
  const sql = `UPDATE inputs SET status = j.value->>1, details = j.value->>2, media = j.value->>3, sha256 = j.value->>4, size_bytes = j.value->>5,
    modified_at = ?1 FROM json_each(?2) j WHERE inputs.seq = j.value->>0`;
  const values = outcomes.map(({ row, code, details, media, stored }) => [
    ...[row.seq, code, details?.toWellFormed() ?? null, media],
    ...[stored?.sha256 ?? row.sha256, stored?.sizeBytes ?? row.size_bytes],
  ]);
  for (const list of jsonLists(values)) store.run(sql, timestamp(), list);
}

/** Moves inputs to other counters of their jobs, with one statement for each job and counter. */
function moveInJobs(store: Store, rows: readonly InputRow[], counterOf: (row: InputRow) => JobCounter): void {
  const moves = new Map<string, { app: number; job: string; to: JobCounter; from: JobCounter; count: number }>();
  for (const row of rows) {
    const { app, job } = row;
    if (job === null) continue;
    const to = counterOf(row);
    const from = row.status === INPUT_PENDING ? "pending" : "in_progress";
    if (to === from) continue;
    const key = `${app} ${from} ${to} ${job}`;
    const move = moves.get(key) ?? { app, job, to, from, count: 0 };
    move.count += 1;
    moves.set(key, move);
  }
  for (const { app, job, to, from, count } of moves.values()) store.count(app, job, to, from, count);
}
