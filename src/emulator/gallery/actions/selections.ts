/** Selections: the inputs that an action will work on, as they were when the user pressed its button. */

import { randomBytes } from "node:crypto";
import type { AppRow } from "../../store/model.js";
import { timestamp } from "../../store/stamps.js";
import type { Store } from "../../store/store.js";
import type { SelectionShape } from "./shapes.js";

/** If there are more, the oldest are dropped. */
const maxSelections = 20;
/** Inputs that are inserted at once. */
const chunkSize = 10_000;
/** Ids of missing inputs in an answer. */
const maxGoneIds = 20;

const schema = `
CREATE TEMP TABLE IF NOT EXISTS gallery_selected (selection INTEGER NOT NULL, position INTEGER NOT NULL, input INTEGER NOT NULL, id TEXT NOT NULL,
  PRIMARY KEY (selection, position)) WITHOUT ROWID;
`;

/** A selection, which is valid for one app. */
export interface Selection {
  number: number;
  app: number;
  count: number;
  takenAt: string;
}

/** One input of a selection. */
export interface SelectedInput {
  input: number;
  id: string;
}

/** Keeps selections in a temporary table until the emulator ends. */
export class Selections {
  readonly #store: Store;
  readonly #selections = new Map<string, Selection>();
  #last = 0;

  constructor(store: Store) {
    this.#store = store;
    store.database.exec(schema);
  }

  /** Records inputs by their numbers. Numbers of inputs that do not exist in the app are reported. */
  take(app: AppRow, seqs: readonly number[]): SelectionShape {
    this.#last += 1;
    const number = this.#last;
    const distinct = [...new Set(seqs)];
    const count = this.#store.transaction(() => {
      const sql = `INSERT INTO gallery_selected SELECT ?1, ?2 + s.key, i.seq, i.id FROM json_each(?3) s
        CROSS JOIN inputs i ON i.seq = s.value WHERE i.app = ?4 AND i.deleting = 0`;
      for (let at = 0; at < distinct.length; at += chunkSize) {
        this.#store.run(sql, number, at, JSON.stringify(distinct.slice(at, at + chunkSize)), app.seq);
      }
      const counting = "SELECT count(*) AS count FROM gallery_selected WHERE selection = ?";
      return this.#store.get<{ count: number }>(counting, number)?.count ?? 0;
    });
    const token = randomBytes(24).toString("base64url");
    this.#selections.set(token, { number, app: app.seq, count, takenAt: timestamp() });
    this.#dropOldest();
    const gone = distinct.length - count;
    return { selection: token, count, gone, goneIds: gone > 0 ? this.#goneIds(app, distinct) : [] };
  }

  /** Returns a selection of an app. Returns undefined if it never existed or was dropped. */
  find(app: AppRow, token: unknown): Selection | undefined {
    const selection = typeof token === "string" ? this.#selections.get(token) : undefined;
    return selection?.app === app.seq ? selection : undefined;
  }

  /** Drops a selection that an action has taken over, so that nothing is done twice. */
  drop(token: string): void {
    const selection = this.#selections.get(token);
    this.#selections.delete(token);
    if (selection) this.#store.run("DELETE FROM gallery_selected WHERE selection = ?", selection.number);
  }

  /** Returns inputs of a selection, behind a position. @throws {Error} if the selection was dropped */
  inputs({ number }: Selection, after: number, limit: number): (SelectedInput & { position: number })[] {
    if (![...this.#selections.values()].some((one) => one.number === number)) {
      throw new Error("the selection was replaced by newer ones; select again");
    }
    const sql = "SELECT * FROM gallery_selected WHERE selection = ? AND position > ? ORDER BY position LIMIT ?";
    return this.#store.all(sql, number, after, limit);
  }

  #dropOldest(): void {
    for (const token of this.#selections.keys()) {
      if (this.#selections.size <= maxSelections) return;
      this.drop(token);
    }
  }

  #goneIds({ seq }: AppRow, seqs: readonly number[]): string[] {
    const sql = "SELECT id FROM deleted WHERE app = ? AND seq IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?";
    return this.#store.all<{ id: string }>(sql, seq, JSON.stringify(seqs), maxGoneIds).map(({ id }) => id);
  }
}
