/** Ids of rows: from the columns that the user names, or from the row's content. */

import { hash } from "node:crypto";
import * as z from "zod";
import { InputError } from "../errors.js";
import { checkId, idFromPath } from "../input/ids.js";
import type { InputDraft } from "../input/input.js";
import { mediaKinds } from "../input/kinds.js";
import { hideSecrets } from "../input/secret-urls.js";
import { DigestSet } from "../util/digest-set.js";
import { itemFrom, type SourceItem } from "./source.js";

/** Returns the id of a row or an input; `line` is its line, from 1. */
export type IdOf<Row> = (row: Row, context: { line: number }) => string;

/** Makes the schema of the option `ids`: the name of one column, the names of several, or a function. */
export function idsOption<Row>() {
  return z.union(
    [z.string().min(1), z.array(z.string().min(1)).min(1), z.custom<IdOf<Row>>((value) => typeof value === "function")],
    "expected the name of a column, a list of names, or a function",
  );
}

/**
 * Makes ids for the rows of one source that have none: a hash of the row's content. The hash of a repeated row includes its occurrence. So a row keeps its
 * id when others are added, moved or removed. Uses 12 to 32 bytes of memory per row.
 */
export class RowIds {
  readonly #seen = new DigestSet();
  readonly #repeats = new Map<string, number>();

  /** Returns the id of a row. */
  of(row: string): string {
    const digest = digestOf(row);
    if (this.#seen.add(digest)) return `row-${digest}`;
    const occurrence = (this.#repeats.get(digest) ?? 1) + 1;
    this.#repeats.set(digest, occurrence);
    return `row-${digestOf(`${occurrence}\0${row}`)}`;
  }
}

function digestOf(row: string): string {
  return hash("sha256", row, "base64url").slice(0, 16);
}

/**
 * Makes an id of the values of key columns. A single value that is a valid id is the id; other values become a slug and a hash.
 *
 * @throws {InputError} ERR_ID_EMPTY, naming the column, when a value is missing
 */
export function idFromKeys(names: readonly string[], values: readonly unknown[]): string {
  const texts = values.map((value, index) => {
    const text = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
    if (text !== "") return text;
    throw new InputError("ERR_ID_EMPTY", `ids: "${names[index]}" has no text or number in this row, so it makes no id`);
  });
  const [only = ""] = texts;
  if (texts.length > 1) return idFromPath(JSON.stringify(texts));
  try {
    checkId(only);
    return only;
  } catch {
    return idFromPath(only);
  }
}

/** Returns the item with the id that `make` returns. If `make` throws, the item fails. */
export function withId(item: SourceItem, make: (draft: InputDraft) => string): SourceItem {
  if (!("input" in item) || typeof item.input !== "object" || item.input === null) return item;
  return itemFrom(item.origin, () => ({ ...item.input, id: make(item.input) }));
}

/**
 * Returns a function that sets the ids of a source's items by its option `ids`: metadata entries of these names, or a function. Default: the draft's own
 * id, else a hash of the draft. `line` is the line of the draft, from 1.
 */
export function draftIds(
  ids: string | readonly string[] | IdOf<InputDraft> | undefined,
): (item: SourceItem, line: number) => SourceItem {
  if (typeof ids === "function") return (item, line) => withId(item, (draft) => ids(draft, { line }));
  if (ids !== undefined) {
    const names = typeof ids === "string" ? [ids] : ids;
    const values = ({ metadata }: InputDraft) => names.map((name) => metadata?.[name]);
    return (item) => withId(item, (draft) => idFromKeys(names, values(draft)));
  }
  const rows = new RowIds();
  return (item) => {
    if (!("input" in item) || typeof item.input !== "object" || item.input === null) return item;
    if (item.input.id !== undefined) return item;
    let id: string | undefined; // computed once: dead letters ask again, which must not count as a repeated row
    return { ...item, defaultId: (draft) => (id ??= rows.of(textOf(draft))) };
  };
}

/** Formats a draft whose shape was checked, with a hash in place of bytes. */
function textOf(draft: InputDraft): string {
  const copy: Record<string, unknown> = { ...hideSecrets(draft).input };
  for (const field of [...mediaKinds, "text"]) {
    const bytes = (copy[field] as { bytes?: unknown } | null | undefined)?.bytes;
    if (bytes instanceof Uint8Array) copy[field] = hash("sha1", bytes, "base64url");
  }
  return JSON.stringify(copy);
}
