/** The rows of the store. */

import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { openDatabase, type SqlDatabase, type SqlValue, type Statement } from "./driver.js";
import type { AnnotationData, AnnotationRow, AppRow, InputRow, JobRow, StoredConcept } from "./model.js";
import { storeId } from "./store-id.js";

const schema = `
CREATE TABLE IF NOT EXISTS apps (seq INTEGER PRIMARY KEY, user TEXT NOT NULL, id TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (user, id));
CREATE TABLE IF NOT EXISTS app_fields (app INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inputs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, app INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, media TEXT NOT NULL, fields TEXT NOT NULL,
  sha256 TEXT, size_bytes INTEGER NOT NULL DEFAULT 0, url TEXT, status INTEGER NOT NULL, details TEXT, job TEXT,
  created_at TEXT NOT NULL, modified_at TEXT NOT NULL, times_stored INTEGER NOT NULL DEFAULT 1, deleting INTEGER NOT NULL DEFAULT 0,
  UNIQUE (app, id));
CREATE INDEX IF NOT EXISTS inputs_sha ON inputs (sha256);
CREATE INDEX IF NOT EXISTS inputs_url ON inputs (app, url) WHERE url IS NOT NULL;
CREATE INDEX IF NOT EXISTS inputs_status ON inputs (app, status, seq);
CREATE TABLE IF NOT EXISTS deleted (app INTEGER NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, times_stored INTEGER NOT NULL, PRIMARY KEY (app, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS annotations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, app INTEGER NOT NULL, id TEXT NOT NULL, input_id TEXT NOT NULL, level INTEGER NOT NULL DEFAULT 0,
  data TEXT NOT NULL, info TEXT, status INTEGER NOT NULL, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, UNIQUE (app, input_id, id));
CREATE TABLE IF NOT EXISTS concepts (app INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (app, id));
CREATE TABLE IF NOT EXISTS datasets (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, UNIQUE (app, id));
CREATE TABLE IF NOT EXISTS dataset_inputs (app INTEGER NOT NULL, dataset TEXT NOT NULL, input INTEGER NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (app, dataset, input)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dataset_inputs_input ON dataset_inputs (input);
CREATE TABLE IF NOT EXISTS jobs (app INTEGER NOT NULL, id TEXT NOT NULL, pending INTEGER NOT NULL DEFAULT 0, in_progress INTEGER NOT NULL DEFAULT 0,
  success INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, cancelled INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, PRIMARY KEY (app, id));
CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL, file TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS searches (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (app, id));
CREATE TABLE IF NOT EXISTS dataset_versions (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, dataset TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, metrics TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (app, dataset, id));
CREATE TABLE IF NOT EXISTS operations (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL);
`;

type NamedConcept = StoredConcept & { name?: string | undefined };

/** What is particular to an annotation besides its data. */
interface AnnotationFacts {
  id?: string | undefined;
  info?: string | null | undefined;
  status?: number | undefined;
}

export type JobCounter = "pending" | "in_progress" | "success" | "failed";

let lastMicroseconds = 0;

/** The time as the API writes it: to the microsecond, and never the same twice, so that it tells what came first. */
export function timestamp(): string {
  lastMicroseconds = Math.max(lastMicroseconds + 1, Date.now() * 1000);
  const milliseconds = Math.floor(lastMicroseconds / 1000);
  const rest = String(lastMicroseconds % 1000).padStart(3, "0");
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${rest}Z`;
}

export function newId(): string {
  return randomUUID().replaceAll("-", "");
}

/** Rows of apps, inputs, annotations, concepts, datasets and jobs. */
export class Store {
  readonly database: SqlDatabase;
  readonly #statements = new Map<string, Statement>();
  readonly #names = new Map<number, Map<string, string>>();

  /** Tells this store from others; clients with a journal ask for it. */
  readonly id: string;

  constructor(folder: string) {
    const path = join(folder, "store.sqlite");
    this.database = openDatabase(path);
    this.database.exec(schema);
    this.id = storeId(this, path);
  }

  close(): void {
    this.database.close();
  }

  transaction<T>(work: () => T): T {
    return this.database.transaction(work);
  }

  run(sql: string, ...values: SqlValue[]): void {
    this.#prepare(sql).run(...values);
  }

  get<T>(sql: string, ...values: SqlValue[]): T | undefined {
    return this.#prepare(sql).get<T>(...values);
  }

  all<T>(sql: string, ...values: SqlValue[]): T[] {
    return this.#prepare(sql).all<T>(...values);
  }

  app(user: string, id: string): AppRow | undefined {
    return this.get<AppRow>("SELECT * FROM apps WHERE user = ? AND id = ?", user, id);
  }

  addApp(user: string, id: string): AppRow {
    this.run("INSERT OR IGNORE INTO apps (user, id, created_at) VALUES (?, ?, ?)", user, id, timestamp());
    return this.app(user, id) as AppRow;
  }

  input(app: number, id: string): InputRow | undefined {
    return this.get<InputRow>("SELECT * FROM inputs WHERE app = ? AND id = ?", app, id);
  }

  insertInput(row: Omit<InputRow, "seq" | "times_stored" | "deleting">): number {
    const before = this.get<{ times_stored: number }>(
      "SELECT times_stored FROM deleted WHERE app = ? AND id = ?",
      row.app,
      row.id,
    );
    this.run(
      `INSERT INTO inputs (app, id, kind, media, fields, sha256, size_bytes, url, status, details, job, created_at, modified_at, times_stored)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[row.app, row.id, row.kind, row.media, row.fields, row.sha256, row.size_bytes, row.url],
      ...[row.status, row.details, row.job, row.created_at, row.modified_at, (before?.times_stored ?? 0) + 1],
    );
    const { seq } = this.get<{ seq: number }>("SELECT last_insert_rowid() AS seq") as { seq: number };
    if (before) this.run("DELETE FROM deleted WHERE app = ? AND id = ?", row.app, row.id);
    this.run(
      `INSERT INTO annotations (app, id, input_id, level, data, status, created_at, modified_at) VALUES (?, ?, ?, 1, '{}', 24150, ?, ?)`,
      ...[row.app, newId(), row.id, row.created_at, row.modified_at],
    );
    return seq;
  }

  /** Deletes inputs with their annotations; gives back the media that nothing uses any more. */
  deleteInputs(rows: readonly InputRow[]): string[] {
    for (const { app, id, seq, job, status, times_stored } of rows) {
      // A job waits for no input that is gone.
      if (job !== null && status === 30001) this.count(app, job, "failed", "pending", 1);
      if (job !== null && status === 30003) this.count(app, job, "failed", "in_progress", 1);
      this.run("DELETE FROM annotations WHERE app = ? AND input_id = ?", app, id);
      this.run("DELETE FROM dataset_inputs WHERE input = ?", seq);
      this.run("DELETE FROM inputs WHERE seq = ?", seq);
      this.run(
        "INSERT OR REPLACE INTO deleted (app, id, seq, times_stored) VALUES (?, ?, ?, ?)",
        app,
        id,
        seq,
        times_stored,
      );
    }
    const digests = new Set(rows.map((row) => row.sha256).filter((sha256) => sha256 !== null));
    return [...digests].filter((sha256) => !this.usesMedia(sha256));
  }

  /** Whether an input has these bytes. */
  usesMedia(sha256: string): boolean {
    return this.get("SELECT 1 AS found FROM inputs WHERE sha256 = ? LIMIT 1", sha256) !== undefined;
  }

  /** Where a stream goes on: the place of an input, also of one that was deleted. */
  placeOf(app: number, id: string): number | undefined {
    const there =
      this.input(app, id) ?? this.get<{ seq: number }>("SELECT seq FROM deleted WHERE app = ? AND id = ?", app, id);
    return there?.seq;
  }

  /** Adds an annotation, and the concepts that it names and that do not exist yet. */
  insertAnnotation(
    app: number,
    inputId: string,
    { data, concepts }: { data: AnnotationData; concepts: readonly NamedConcept[] },
    { id = newId(), info = null, status = 24150 }: AnnotationFacts = {},
  ): AnnotationRow {
    if (data.region) data.region.id ??= newId();
    this.ensureConcepts(app, concepts);
    const now = timestamp();
    this.run(
      "INSERT INTO annotations (app, id, input_id, data, info, status, created_at, modified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      ...[app, id, inputId, JSON.stringify(data), info, status, now, now],
    );
    return this.annotation(app, inputId, id) as AnnotationRow;
  }

  annotation(app: number, inputId: string, id: string): AnnotationRow | undefined {
    return this.get<AnnotationRow>(
      "SELECT * FROM annotations WHERE app = ? AND input_id = ? AND id = ?",
      app,
      inputId,
      id,
    );
  }

  /** Names of the app's concepts by id. */
  names(app: number): Map<string, string> {
    let names = this.#names.get(app);
    if (!names) {
      const rows = this.all<{ id: string; name: string }>("SELECT id, name FROM concepts WHERE app = ?", app);
      names = new Map(rows.map((row) => [row.id, row.name]));
      this.#names.set(app, names);
    }
    return names;
  }

  /** Makes the concepts that do not exist yet; a name that is given here is theirs. */
  ensureConcepts(app: number, concepts: readonly NamedConcept[]): void {
    const names = this.names(app);
    for (const { id, name } of concepts) if (!names.has(id)) this.setConcept(app, id, name ?? id);
  }

  setConcept(app: number, id: string, name: string): void {
    const sql =
      "INSERT INTO concepts (app, id, name, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (app, id) DO UPDATE SET name = excluded.name";
    this.run(sql, app, id, name, timestamp());
    this.names(app).set(id, name);
  }

  /** What a transaction that was taken back put into memory is read anew. */
  forget(app: number): void {
    this.#names.delete(app);
  }

  job(app: number, id: string): JobRow | undefined {
    return this.get<JobRow>("SELECT * FROM jobs WHERE app = ? AND id = ?", app, id);
  }

  addJob(app: number, id: string): void {
    const now = timestamp();
    this.run("INSERT OR IGNORE INTO jobs (app, id, created_at, modified_at) VALUES (?, ?, ?, ?)", app, id, now, now);
  }

  /** Moves `count` inputs of a job from one counter to another. */
  count(app: number, job: string, to: JobCounter, from: JobCounter | undefined, count: number): void {
    const minus = from === undefined ? "" : `${from} = max(0, ${from} - ${count}),`;
    this.run(
      `UPDATE jobs SET ${minus} ${to} = ${to} + ${count}, modified_at = ? WHERE app = ? AND id = ?`,
      timestamp(),
      app,
      job,
    );
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.database.prepare(sql)));
    return statement;
  }
}
