/** Indexes what inputs are searched by and ordered by: their names, ids, texts and sizes. */

import type { MediaFiles } from "../../media/media-files.js";
import type { Store } from "../../store/store.js";
import { type NamedRow, nameColumns, nameOf } from "../names.js";
import { beginningOfText } from "../text-starts.js";
import { fold, maxSearchedLength, nameKey } from "./folding.js";

interface TextRow extends NamedRow {
  seq: number;
  app: number;
  id: string;
  kind: string;
  sha256: string | null;
  size_bytes: number;
  start: string | null;
  /** The indexed text, if there is one. */
  indexed: string | null;
}

/** Characters of the JSON of a text: an escaped character has up to six. */
const startLength = maxSearchedLength + 500;
/** Every pair of characters begins a sequence of three, also the last one of a text. */
const end = "\n\n";
const addTexts = [
  "INSERT INTO gallery_texts SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)",
  "INSERT INTO gallery_search (rowid, text) SELECT value ->> 0, value ->> 2 FROM json_each(?)",
];
const setEntries =
  "UPDATE gallery_entries SET name = j.value ->> 1, size = j.value ->> 2 FROM json_each(?) j WHERE seq = j.value ->> 0";
/** Deleted inputs that are removed at once. */
const maxRemoved = 100;

/** Indexes the names, ids, texts and sizes of inputs. */
export function indexTexts(store: Store, files: MediaFiles, seqs: readonly number[]): void {
  const sql = `SELECT i.seq, i.app, i.id, i.kind, i.sha256, i.size_bytes, substr(i.media, 1, ?) AS start, ${nameColumns}, t.text AS indexed
    FROM json_each(?) s CROSS JOIN inputs i ON i.seq = s.value LEFT JOIN gallery_texts t ON t.seq = i.seq ORDER BY i.seq`;
  const entries: [seq: number, key: string, size: number][] = [];
  const texts: [seq: number, app: number, text: string][] = [];
  const outdated: number[] = [];
  for (const row of store.all<TextRow>(sql, startLength, JSON.stringify(seqs))) {
    const { seq, app, id } = row;
    const name = nameOf(row);
    const content = beginningOfText(row, files, maxSearchedLength) ?? "";
    entries.push([seq, nameKey(name ?? id), row.size_bytes || Buffer.byteLength(content)]);
    const text = [name ?? "", id, content].map(fold).join("\n") + end;
    if (text === row.indexed) continue;
    if (row.indexed !== null) outdated.push(seq);
    texts.push([seq, app, text]);
  }
  if (outdated.length > 0) forget(store, outdated);
  for (const statement of addTexts) store.run(statement, JSON.stringify(texts));
  store.run(setEntries, JSON.stringify(entries));
}

/** Removes the texts of some deleted inputs from the index of words. Returns whether there were any. */
export function removeGone(store: Store): boolean {
  const sql = "SELECT seq FROM gallery_gone LIMIT ?";
  const seqs = store.all<{ seq: number }>(sql, maxRemoved).map(({ seq }) => seq);
  if (seqs.length === 0) return false;
  store.transaction(() => forget(store, seqs, "gallery_gone"));
  return true;
}

/** Removes texts, also from the index of words, which needs them for that. */
function forget(
  store: Store,
  seqs: readonly number[],
  table: "gallery_texts" | "gallery_gone" = "gallery_texts",
): void {
  const are = "seq IN (SELECT value FROM json_each(?))";
  const sql = `INSERT INTO gallery_search (gallery_search, rowid, text) SELECT 'delete', seq, text FROM ${table} WHERE ${are}`;
  store.run(sql, JSON.stringify(seqs));
  store.run(`DELETE FROM ${table} WHERE ${are}`, JSON.stringify(seqs));
}
