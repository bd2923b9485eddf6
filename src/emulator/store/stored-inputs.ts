/** The inputs of an app, read from the rows and not through the API. */

import type { InputRow } from "./model.js";
import type { Store } from "./store.js";

/** An input as the store has it. */
export interface StoredInput {
  id: string;
  kind: string;
  /** SHA-256 of the decoded bytes. Null for text, and for URLs that were not fetched. */
  sha256: string | null;
  sizeBytes: number;
  statusCode: number;
  /** Number of times that the id was stored; a deletion does not reset it. */
  timesStored: number;
  metadata: unknown;
}

/** A deleted input: its id, and how often it was stored. */
export type DeletedInput = Pick<StoredInput, "id" | "timesStored">;

/** Returns all inputs of an app, oldest first. */
export function storedInputs(store: Store, userId: string, appId: string): StoredInput[] {
  const app = store.app(userId, appId);
  if (!app) return [];
  const rows = store.all<InputRow>("SELECT * FROM inputs WHERE app = ? ORDER BY seq", app.seq);
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    statusCode: row.status,
    timesStored: row.times_stored,
    metadata: (JSON.parse(row.fields) as { metadata?: unknown }).metadata ?? {},
  }));
}

/** Returns the deleted inputs of an app, oldest first. */
export function deletedInputs(store: Store, userId: string, appId: string): DeletedInput[] {
  const app = store.app(userId, appId);
  if (!app) return [];
  const sql = "SELECT id, times_stored FROM deleted WHERE app = ? ORDER BY seq";
  const rows = store.all<{ id: string; times_stored: number }>(sql, app.seq);
  return rows.map(({ id, times_stored: timesStored }) => ({ id, timesStored }));
}
