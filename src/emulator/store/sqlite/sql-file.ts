/** What the store needs of a SQLite library. */

export type SqlValue = string | number | null;

export interface Statement {
  run(...values: SqlValue[]): void;
  get<T>(...values: SqlValue[]): T | undefined;
  all<T>(...values: SqlValue[]): T[];
}

/** An open file. Errors of SQLite have its own code, such as `SQLITE_BUSY`. */
export interface SqlFile {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** A SQLite library: opens a file, and creates it if it is missing. */
export type SqliteEngine = (path: string) => SqlFile;
