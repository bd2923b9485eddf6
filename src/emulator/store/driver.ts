/** Opens the store's database with its settings and transactions, and locks files. */

import { sqliteEngine } from "./sqlite/engine.js";
import type { SqlFile, SqlValue, Statement } from "./sqlite/sql-file.js";

export type { SqlValue, Statement };

export interface SqlDatabase extends SqlFile {
  /** Runs `work` as one transaction. An error rolls it back. */
  transaction<T>(work: () => T): T;
}

/** Opens a database file. Committed rows survive a killed process. */
export function openDatabase(path: string, open = sqliteEngine()): SqlDatabase {
  const database = open(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;");
  let depth = 0;
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => database.prepare(sql),
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
function rollBack(database: SqlFile): void {
  try {
    database.exec("ROLLBACK");
  } catch {
    // SQLite has already rolled back.
  }
}

/** Locks a file until it is released or the process ends. Returns the release, or undefined if another process has the lock. */
export function lockFile(path: string, open = sqliteEngine()): (() => void) | undefined {
  const database = open(path);
  try {
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if ((error as { code?: unknown }).code === "SQLITE_BUSY") return undefined;
    throw error;
  }
  return () => database.close();
}
