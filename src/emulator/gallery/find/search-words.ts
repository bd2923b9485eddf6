/** Searches for words in the file names, ids and texts of inputs, with an index of all sequences of three characters. */

import type { SqlValue } from "../../store/driver.js";
import type { Store } from "../../store/store.js";
import type { Condition } from "./conditions.js";
import { wordsOf } from "./folding.js";

/** Length of the sequences in the index. */
const gramLength = 3;
/** Sequences that a shorter word may begin. With more, the texts are compared instead. */
const maxGrams = 300;
/** Words that a search can have. With more, it matches nothing, so that an action never changes more inputs than it should. */
const maxWords = 64;
/** Numbers of words that a statement compares. Fewer are filled up, so there are few statements. */
const wordCounts = [1, 2, 4, 8, 16, maxWords];
/** The last character of Unicode, which ends a range of sequences. */
const lastCharacter = "\u{10ffff}";

/** A search: the input has all words. */
export interface WordSearch {
  /** A query of the index, which every match fulfils. Undefined: the index cannot narrow the search. */
  match?: string | undefined;
  /** Compares the words with the text `t.text`. */
  check: Condition;
}

/** Prepares the search for the words of a text. Undefined: it has no words. */
export function wordSearch(store: Store, text: string | undefined): WordSearch | undefined {
  const words = wordsOf(text ?? "");
  if (words.length === 0) return undefined;
  if (words.length > maxWords) return { check: { sql: "0", values: [] } };
  const long = words.filter((word) => [...word].length >= gramLength);
  const match = long.length > 0 ? long.flatMap(gramsIn).map(quoted).join(" AND ") : shortMatch(store, words);
  const count = wordCounts.find((one) => one >= words.length) ?? maxWords;
  const values = Array.from({ length: count }, (_, index) => words[index] ?? words[0] ?? "");
  return { match, check: { sql: `(${values.map(() => "instr(t.text, ?) > 0").join(" AND ")})`, values } };
}

/** Returns up to `limit` as the number of inputs that a query of the index finds. */
export function countMatches(store: Store, match: string, limit: number): number {
  const sql = "SELECT count(*) AS count FROM (SELECT 1 FROM gallery_search WHERE gallery_search MATCH ? LIMIT ?)";
  return store.get<{ count: number }>(sql, match, limit)?.count ?? 0;
}

/** Returns sequences that contain each character of a word. */
function gramsIn(word: string): string[] {
  const characters = [...word];
  const grams: string[] = [];
  for (let from = 0; from < characters.length; from += gramLength) {
    const start = Math.min(from, characters.length - gramLength);
    grams.push(characters.slice(start, start + gramLength).join(""));
  }
  return grams;
}

/** Returns a query for words that are shorter than a sequence: any sequence that begins with the first word that few sequences begin with. */
function shortMatch(store: Store, words: readonly string[]): string | undefined {
  for (const word of words) {
    if (/^[\0-\u02ff]$/.test(word)) continue; // Almost every text has it.
    const sql = "SELECT term FROM gallery_grams WHERE term >= ? AND term < ? LIMIT ?";
    const values: SqlValue[] = [word, word + lastCharacter, maxGrams + 1];
    const grams = store.all<{ term: string }>(sql, ...values).map(({ term }) => quoted(term));
    if (grams.length === 0) return quoted(lastCharacter.repeat(gramLength)); // No text has it.
    if (grams.length <= maxGrams) return grams.join(" OR ");
  }
  return undefined;
}

function quoted(gram: string): string {
  return `"${gram.replaceAll('"', '""')}"`;
}
