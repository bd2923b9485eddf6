/** SQLite behind a small interface, so that the library under it can change. */

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
  /** Runs `work` as one transaction; an error takes all of it back. */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** Opens a database file; rows survive a killed process. */
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
      if (depth > 0) return work();
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
        database.exec("PRAGMA wal_checkpoint(TRUNCATE)"); // so that the file alone has everything
      } catch {
        // on a full disk, the log keeps it for the next start
      }
      database.close();
    },
  };
}

/** Takes a transaction back; after some errors, such as a full disk, SQLite has done so itself. The error before it is what is reported. */
function rollBack(database: Database.Database): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // no transaction is open any more
  }
}

/** Locks a file for as long as this process lives; gives back its release, or undefined when it is locked already. */
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
