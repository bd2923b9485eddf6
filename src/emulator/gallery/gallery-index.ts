/** The index of the gallery: what makes filters fast, in temporary tables that only a store with an open gallery has. */

import type { Store } from "../store.js";

/** `indexed`: 0 not yet, 1 done, 2 changed since. Triggers keep kind and status as they are; the rest is looked at later, newest first. */
const schema = `
CREATE TEMP TABLE gallery_entries (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, kind TEXT NOT NULL, status INTEGER NOT NULL,
  longitude REAL, latitude REAL, indexed INTEGER NOT NULL DEFAULT 0);
CREATE TEMP TABLE gallery_terms (app INTEGER NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (app, field, value, seq)) WITHOUT ROWID;
INSERT INTO gallery_entries (seq, app, kind, status) SELECT seq, app, kind, status FROM main.inputs;
CREATE INDEX temp.gallery_kinds ON gallery_entries (app, kind, status);
CREATE INDEX temp.gallery_places ON gallery_entries (app) WHERE latitude IS NOT NULL;
CREATE INDEX temp.gallery_unindexed ON gallery_entries (seq) WHERE indexed <> 1;
CREATE INDEX temp.gallery_terms_seq ON gallery_terms (seq);
CREATE TEMP TRIGGER gallery_added AFTER INSERT ON main.inputs BEGIN
  INSERT INTO gallery_entries (seq, app, kind, status) VALUES (NEW.seq, NEW.app, NEW.kind, NEW.status); END;
CREATE TEMP TRIGGER gallery_status AFTER UPDATE OF status ON main.inputs BEGIN
  UPDATE gallery_entries SET status = NEW.status WHERE seq = NEW.seq; END;
CREATE TEMP TRIGGER gallery_fields AFTER UPDATE OF fields ON main.inputs BEGIN
  UPDATE gallery_entries SET indexed = 2 WHERE seq = NEW.seq AND indexed = 1; END;
CREATE TEMP TRIGGER gallery_removed AFTER DELETE ON main.inputs BEGIN
  DELETE FROM gallery_entries WHERE seq = OLD.seq; DELETE FROM gallery_terms WHERE seq = OLD.seq; END;
CREATE TEMP TRIGGER gallery_drawn AFTER INSERT ON main.annotations WHEN NEW.level = 0 BEGIN
  UPDATE gallery_entries SET indexed = 2 WHERE indexed = 1 AND seq = (SELECT seq FROM inputs WHERE app = NEW.app AND id = NEW.input_id); END;
CREATE TEMP TRIGGER gallery_redrawn AFTER UPDATE OF data ON main.annotations WHEN NEW.level = 0 BEGIN
  UPDATE gallery_entries SET indexed = 2 WHERE indexed = 1 AND seq = (SELECT seq FROM inputs WHERE app = NEW.app AND id = NEW.input_id); END;
CREATE TEMP TRIGGER gallery_erased AFTER DELETE ON main.annotations WHEN OLD.level = 0 BEGIN
  UPDATE gallery_entries SET indexed = 2 WHERE indexed = 1 AND seq = (SELECT seq FROM inputs WHERE app = OLD.app AND id = OLD.input_id); END;
`;

/** Halves of characters, as JSON writes them: SQLite would make of them what is no text, and its driver ends the process over it. */
const halves = "'\\ud'";
/** The inputs of a slice are a JSON list. Longer values than these are no terms: nobody picks them from a list. */
const fill = [
  `DELETE FROM gallery_terms WHERE seq IN (SELECT e.seq FROM json_each(?) s CROSS JOIN gallery_entries e ON e.seq = s.value WHERE e.indexed = 2)`,
  `INSERT OR IGNORE INTO gallery_terms SELECT i.app, 'concept', json_extract(c.value, '$.id'), i.seq
   FROM json_each(?) s CROSS JOIN inputs i ON i.seq = s.value, json_each(i.fields, '$.concepts') c
   WHERE instr(i.fields, ${halves}) = 0`,
  `INSERT OR IGNORE INTO gallery_terms SELECT i.app, 'concept', json_extract(c.value, '$.id'), i.seq
   FROM json_each(?) s CROSS JOIN inputs i ON i.seq = s.value
   CROSS JOIN annotations a ON a.app = i.app AND a.input_id = i.id AND a.level = 0,
   json_each(json_array(json_extract(a.data, '$.concepts'), json_extract(a.data, '$.region.concepts'))) l, json_each(l.value) c
   WHERE l.type = 'array' AND instr(a.data, ${halves}) = 0`,
  `INSERT OR IGNORE INTO gallery_terms
   SELECT i.app, CASE typeof(m.key) WHEN 'integer' THEN m.path ELSE m.fullkey END, m.atom, i.seq
   FROM json_each(?) s CROSS JOIN inputs i ON i.seq = s.value, json_tree(i.fields, '$.metadata') m
   WHERE instr(i.fields, ${halves}) = 0 AND m.atom IS NOT NULL AND m.key <> 'sluice_fingerprint' AND length(m.atom) <= 120 AND length(m.fullkey) <= 120`,
  `UPDATE gallery_entries SET (longitude, latitude, indexed) =
   (SELECT json_extract(fields, '$.geo.geo_point.longitude'), json_extract(fields, '$.geo.geo_point.latitude'), 1 FROM inputs i WHERE i.seq = gallery_entries.seq)
   WHERE seq IN (SELECT value FROM json_each(?))`,
];

/** Time that a slice of the work is to take, and how long the work goes on after the last request, in milliseconds. */
const sliceMs = 10;
const watchedMs = 10_000;

/** Follows the rows of the store for as long as somebody looks. It takes half of the time at most, and a tenth while uploads go on. */
export class GalleryIndex {
  readonly #store: Store;
  #watchedUntil = 0;
  #running = false;
  #closed = false;
  #sliceSize = 50;
  /** Changes of rows that the index made itself. */
  #own = 0;
  #idle: (() => void)[] = [];

  constructor(store: Store) {
    this.#store = store;
    store.transaction(() => store.database.exec(schema));
  }

  /** Another number when a row of the store changed. */
  version(): number {
    return this.changes() - this.#own;
  }

  /** Another number when a row of the store or of the index changed. */
  changes(): number {
    return this.#store.get<{ changes: number }>("SELECT total_changes() AS changes")?.changes ?? 0;
  }

  /** Inputs that are not looked at yet. */
  left(): number {
    const sql = "SELECT count(*) AS count FROM gallery_entries WHERE indexed <> 1";
    return this.#store.get<{ count: number }>(sql)?.count ?? 0;
  }

  /** Somebody looks: goes on with what is not looked at yet. */
  watch(): void {
    this.#watchedUntil = performance.now() + watchedMs;
    if (!this.#running && !this.#closed) void this.#run();
  }

  /** Resolves when everything is looked at, or after `ms`. */
  async settled(ms: number): Promise<void> {
    this.watch();
    if (!this.#running) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#idle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  close(): void {
    this.#closed = true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    let version = this.version();
    while (!this.#closed && performance.now() < this.#watchedUntil) {
      const isBusy = this.version() !== version;
      const start = performance.now();
      if (!this.#trySlice()) break;
      const ms = performance.now() - start;
      this.#sliceSize = Math.round(Math.min(1000, Math.max(10, (this.#sliceSize * sliceMs) / ms)));
      version = this.version();
      await new Promise<void>((resolve) => void setTimeout(resolve, isBusy ? ms * 9 : ms).unref());
    }
    this.#running = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** What fails, on a full disk say, is tried again when somebody looks. */
  #trySlice(): boolean {
    try {
      return this.#slice();
    } catch {
      return false;
    }
  }

  /** Looks at some inputs; false when there are none left. */
  #slice(): boolean {
    const sql = "SELECT seq FROM gallery_entries WHERE indexed <> 1 ORDER BY seq DESC LIMIT ?";
    const seqs = this.#store.all<{ seq: number }>(sql, this.#sliceSize).map(({ seq }) => seq);
    if (seqs.length === 0) return false;
    const before = this.changes();
    this.#store.transaction(() => {
      for (const statement of fill) this.#store.run(statement, JSON.stringify(seqs));
    });
    this.#own += this.changes() - before;
    return true;
  }
}
