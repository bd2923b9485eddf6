/** A small interface to SQLite, so that the library can be replaced. */

import Database from "libsql";

export type SqlValue = string | number | null;

export interface Statement {
  run(...values: SqlValue[]): void;
  get<T>(...values: SqlValue[]): T | undefined;
  all<T>(...values: SqlValue[]): T[];
}

export interface SqlDatabase {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  /** Runs `work` as one transaction. An error rolls it back. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** Opens a database file. Committed rows survive a killed process. */
export function openDatabase(path: string): SqlDatabase {
  const database = new Database(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;");
  let depth = 0;
  return {
    exec: (sql) => void database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (...values) => void statement.run(...values),
        get: <T>(...values: SqlValue[]) => statement.get(...values) as T | undefined,
        all: <T>(...values: SqlValue[]) => statement.all(...values) as T[],
      };
    },
    transaction: (work) => {
      if (depth > 0) return work(); // This transaction is part of the outer one.
      database.exec("BEGIN IMMEDIATE");
      depth += 1;
      try {
        const result = work();
        database.exec("COMMIT");
        return result;
      } catch (error) {
        rollBack(database);
        throw error;
      } finally {
        depth -= 1;
      }
    },
    close: () => {
      try {
        database.exec("PRAGMA wal_checkpoint(TRUNCATE)"); // Moves all rows from the log into the file.
      } catch {
        // If the disk is full, the rows stay in the log until the next start.
      }
      database.close();
    },
  };
}

/** Rolls a transaction back. After some errors, such as a full disk, SQLite has already done so. The caller reports the first error. */
function rollBack(database: Database.Database): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // SQLite has already rolled back.
  }
}

/** Locks a file until it is released or the process ends. Returns the release, or undefined if another process has the lock. */
export function lockFile(path: string): (() => void) | undefined {
  const database = new Database(path);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as { code?: unknown }).code === "SQLITE_BUSY") return undefined;
    throw error;
  }
  return () => void database.close();
}
