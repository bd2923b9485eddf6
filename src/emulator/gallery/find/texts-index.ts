/** Indexes what inputs are searched by and ordered by: their names, ids, texts and sizes. */

import type { MediaFiles } from "../../media/media-files.js";
import type { Store } from "../../store/store.js";
import { type NamedRow, nameColumns, nameOf } from "../names.js";
import { beginningOfText } from "../text-starts.js";
import { fold, maxSearchedLength, nameKey } from "./folding.js";

interface TextRow extends NamedRow {
  seq: number;
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
/** Deleted inputs that are removed at once. */
const maxRemoved = 100;

/** Indexes the names, ids, texts and sizes of inputs. */
export function indexTexts(store: Store, files: MediaFiles, seqs: readonly number[]): void {
  const sql = `SELECT i.seq, i.id, i.kind, i.sha256, i.size_bytes, substr(i.media, 1, ?) AS start, ${nameColumns}, t.text AS indexed
    FROM json_each(?) s CROSS JOIN inputs i ON i.seq = s.value LEFT JOIN gallery_texts t ON t.seq = i.seq ORDER BY i.seq`;
  for (const row of store.all<TextRow>(sql, startLength, JSON.stringify(seqs))) {
    const { seq, id } = row;
    const name = nameOf(row);
    const content = beginningOfText(row, files, maxSearchedLength) ?? "";
    const size = row.size_bytes || Buffer.byteLength(content);
    store.run("UPDATE gallery_entries SET name = ?, size = ? WHERE seq = ?", nameKey(name ?? id), size, seq);
    const text = [name ?? "", id, content].map(fold).join("\n") + end;
    if (text === row.indexed) continue;
    if (row.indexed !== null) forget(store, [seq]);
    store.run("INSERT INTO gallery_texts VALUES (?, ?)", seq, text);
    store.run("INSERT INTO gallery_search (rowid, text) VALUES (?, ?)", seq, text);
  }
}

/** Removes the texts of some deleted inputs. Returns whether there were any. */
export function removeGone(store: Store): boolean {
  const sql = "SELECT seq FROM gallery_gone LIMIT ?";
  const seqs = store.all<{ seq: number }>(sql, maxRemoved).map(({ seq }) => seq);
  if (seqs.length === 0) return false;
  store.transaction(() => {
    forget(store, seqs);
    store.run("DELETE FROM gallery_gone WHERE seq IN (SELECT value FROM json_each(?))", JSON.stringify(seqs));
  });
  return true;
}

/** Removes texts from the index of words, which must be told what they were, and then the texts. */
function forget(store: Store, seqs: readonly number[]): void {
  const list = JSON.stringify(seqs);
  store.run(
    "INSERT INTO gallery_search (gallery_search, rowid, text) SELECT 'delete', seq, text FROM gallery_texts WHERE seq IN (SELECT value FROM json_each(?))",
    list,
  );
  store.run("DELETE FROM gallery_texts WHERE seq IN (SELECT value FROM json_each(?))", list);
}
