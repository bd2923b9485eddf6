/** SQLite by the package libsql, which has binaries for Node.js 20 and later. */

import { createRequire } from "node:module";
import type { SqliteEngine, SqlValue } from "./sql-file.js";

interface LibsqlStatement {
  run(...values: SqlValue[]): unknown;
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
}

interface LibsqlDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): LibsqlStatement;
  close(): unknown;
}

/** Loads libsql. Throws if the package, or its binary for this machine, is not installed. */
export function loadLibsql(): SqliteEngine {
  const Database = createRequire(import.meta.url)("libsql") as new (path: string) => LibsqlDatabase;
  return (path) => {
    const database = new Database(path);
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
      close: () => void database.close(),
    };
  };
}
