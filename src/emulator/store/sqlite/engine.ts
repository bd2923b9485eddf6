/** The choice between the SQLite library in Node.js and the package libsql. */

import { describeError, FlowError } from "../../../core/errors.js";
import { loadLibsql } from "./libsql.js";
import { loadNodeSqlite } from "./node-sqlite.js";
import type { SqliteEngine } from "./sql-file.js";

let chosen: SqliteEngine | undefined;

/**
 * Returns the SQLite library of this process. Two libraries must not open one file in one process: to close a file in one of them would release the
 * locks of the other.
 *
 * @throws {FlowError} ERR_STORE_UNUSABLE
 */
export function sqliteEngine(): SqliteEngine {
  chosen ??= chooseEngine(isStable(process.versions.node), loadNodeSqlite, loadLibsql);
  return chosen;
}

/** Prefers the library in Node.js where it is stable, and libsql elsewhere. Without libsql, an experimental one serves; Node.js then prints a warning. */
export function chooseEngine(
  stable: boolean,
  builtIn: () => SqliteEngine,
  installed: () => SqliteEngine,
): SqliteEngine {
  const reasons: string[] = [];
  for (const load of stable ? [builtIn, installed] : [installed, builtIn]) {
    try {
      return load();
    } catch (error) {
      reasons.push(describeError(error).split("\n", 1)[0] ?? ""); // the rest is a list of files
    }
  }
  const text = `the emulator needs SQLite: use Node.js 24.15 or later, or run "npm install libsql" (${reasons.join("; ")})`;
  throw new FlowError("ERR_STORE_UNUSABLE", text);
}

/** Whether `node:sqlite` is stable in a version of Node.js. Before 24.15, it is absent or prints a warning. */
export function isStable(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 24 || (major === 24 && minor >= 15);
}
