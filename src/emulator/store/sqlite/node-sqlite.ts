/** SQLite by the module `node:sqlite` of Node.js. */

import type { SqliteEngine, SqlValue } from "./sql-file.js";

interface NodeStatement {
  run(...values: SqlValue[]): unknown;
  get(...values: SqlValue[]): unknown;
  all(...values: SqlValue[]): unknown[];
}

interface NodeDatabase {
  exec(sql: string): void;
  prepare(sql: string): NodeStatement;
  close(): void;
}

/** SQLite's numbers of the errors that callers look for. The upper bits of a number have details. */
const codes = new Map([
  [5, "SQLITE_BUSY"],
  [8, "SQLITE_READONLY"],
  [10, "SQLITE_IOERR"],
  [13, "SQLITE_FULL"],
  [14, "SQLITE_CANTOPEN"],
]);

/** Loads `node:sqlite`. Throws if this version of Node.js does not have it. */
export function loadNodeSqlite(): SqliteEngine {
  // An import would fail where the module is missing. The types of Node.js 20 do not have it.
  const sqlite = process.getBuiltinModule("node:sqlite" as "node:fs") as unknown;
  if (sqlite === undefined) throw new Error(`Node.js ${process.versions.node} has no SQLite`);
  const { DatabaseSync } = sqlite as { DatabaseSync: new (path: string) => NodeDatabase };
  return (path) => {
    const database = named(() => new DatabaseSync(path));
    return {
      exec: (sql) => named(() => database.exec(sql)),
      prepare: (sql) => {
        const statement = named(() => database.prepare(sql));
        return {
          run: (...values) => void named(() => statement.run(...values)),
          get: <T>(...values: SqlValue[]) => named(() => statement.get(...values)) as T | undefined,
          all: <T>(...values: SqlValue[]) => named(() => statement.all(...values)) as T[],
        };
      },
      close: () => named(() => database.close()),
    };
  };
}

/** Runs `work`. An error of SQLite gets the code that SQLite gives it, instead of the one code of Node.js. */
function named<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const { errcode } = error as { errcode?: unknown };
    const code = typeof errcode === "number" ? codes.get(errcode & 0xff) : undefined;
    throw code === undefined ? error : Object.assign(error as Error, { code });
  }
}
