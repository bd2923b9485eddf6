/** The rows of the store, in SQLite. */

import { join } from "node:path";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { openDatabase, type SqlDatabase, type SqlValue, type Statement } from "./driver.js";
import type { AnnotationData, AnnotationRow, AppRow, InputRow, JobRow, StoredConcept } from "./model.js";
import { actionSchema } from "./schema/action-schema.js";
import { ingestSchema } from "./schema/ingest-schema.js";
import { schema } from "./schema/store-schema.js";
import { newId, timestamp } from "./stamps.js";
import { storeId } from "./store-id.js";

export { newId, timestamp } from "./stamps.js";

type NamedConcept = StoredConcept & { name?: string | undefined };

/** Fields of an annotation besides its data. */
interface AnnotationFields {
  id?: string | undefined;
  info?: string | null | undefined;
  status?: number | undefined;
}

export type JobCounter = "pending" | "in_progress" | "success" | "failed";

/** Reads and writes apps, inputs, annotations, concepts and jobs. Routes run their own statements on the other tables. */
export class Store {
  readonly database: SqlDatabase;
  readonly #statements = new Map<string, Statement>();
  readonly #names = new Map<number, Map<string, string>>();

  /** Identifies the store. Clients record it in their journals. */
  readonly id: string;

  constructor(folder: string) {
    const path = join(folder, "store.sqlite");
    this.database = openDatabase(path);
    this.database.exec(schema);
    this.database.exec(ingestSchema);
    this.database.exec(actionSchema);
    this.id = storeId(this, path);
  }

  close(): void {
    this.database.close();
  }

  transaction<T>(work: () => T): T {
    try {
      return this.database.transaction(work);
    } catch (error) {
      this.#names.clear(); // Concepts of the failed transaction do not exist.
      throw error;
    }
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

  /** Deletes inputs with their annotations. Returns the SHA-256 of the media that no input uses any more. */
  deleteInputs(rows: readonly InputRow[]): string[] {
    for (const { app, id, seq, job, status, times_stored } of rows) {
      // A job does not wait for a deleted input.
      if (job !== null && status === statusCodes.INPUT_PENDING) this.count(app, job, "failed", "pending", 1);
      if (job !== null && status === statusCodes.INPUT_IN_PROGRESS) this.count(app, job, "failed", "in_progress", 1);
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

  /** Whether an input uses these media, or an action of the gallery keeps them for an undo. */
  usesMedia(sha256: string): boolean {
    const sql = `SELECT 1 AS found FROM inputs WHERE sha256 = ?1
      UNION ALL SELECT 1 FROM gallery_action_inputs WHERE sha256 = ?1 LIMIT 1`;
    return this.get(sql, sha256) !== undefined;
  }

  /** Returns the number of an input, even of a deleted one, so that a stream can continue after it. */
  seqOf(app: number, id: string): number | undefined {
    const sql = "SELECT seq FROM deleted WHERE app = ? AND id = ?";
    return (this.input(app, id) ?? this.get<{ seq: number }>(sql, app, id))?.seq;
  }

  /** Adds an annotation, and its concepts that do not exist yet. */
  insertAnnotation(
    app: number,
    inputId: string,
    { data, concepts }: { data: AnnotationData; concepts: readonly NamedConcept[] },
    { id = newId(), info = null, status = statusCodes.ANNOTATION_SUCCESS }: AnnotationFields = {},
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

  /** Returns the names of an app's concepts by id. */
  names(app: number): Map<string, string> {
    let names = this.#names.get(app);
    if (!names) {
      const rows = this.all<{ id: string; name: string }>("SELECT id, name FROM concepts WHERE app = ?", app);
      names = new Map(rows.map((row) => [row.id, row.name]));
      this.#names.set(app, names);
    }
    return names;
  }

  /** Creates the concepts that do not exist yet. A concept without a name is named by its id. */
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

  /** Forgets the cached names of an app. */
  forgetNames(app: number): void {
    this.#names.delete(app);
  }

  job(app: number, id: string): JobRow | undefined {
    return this.get<JobRow>("SELECT * FROM jobs WHERE app = ? AND id = ?", app, id);
  }

  addJob(app: number, id: string): void {
    const now = timestamp();
    this.run("INSERT OR IGNORE INTO jobs (app, id, created_at, modified_at) VALUES (?, ?, ?, ?)", app, id, now, now);
  }

  /** Moves inputs of a job from one counter to another. */
  count(app: number, job: string, to: JobCounter, from: JobCounter | undefined, count: number): void {
    const minus = from === undefined ? "" : `${from} = max(0, ${from} - ?1),`;
    const sql = `UPDATE jobs SET ${minus} ${to} = ${to} + ?1, modified_at = ?2 WHERE app = ?3 AND id = ?4`;
    this.run(sql, count, timestamp(), app, job);
  }

  #prepare(sql: string): Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.database.prepare(sql)));
    return statement;
  }
}
