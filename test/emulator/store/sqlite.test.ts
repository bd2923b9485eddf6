/** SQLite: both libraries keep the same promises, and open each other's files. Where Node.js has no SQLite of its own, only libsql is tested. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { lockFile, openDatabase } from "../../../src/emulator/store/driver.js";
import { chooseEngine, isStable } from "../../../src/emulator/store/sqlite/engine.js";
import { loadLibsql } from "../../../src/emulator/store/sqlite/libsql.js";
import { loadNodeSqlite } from "../../../src/emulator/store/sqlite/node-sqlite.js";
import type { SqliteEngine } from "../../../src/emulator/store/sqlite/sql-file.js";
import { temporaryFolder } from "../../helpers/store.js";

const engines: [string, SqliteEngine][] = [["libsql", loadLibsql()]];
if (isStable(process.versions.node)) engines.push(["node:sqlite", loadNodeSqlite()]);
const pairs = engines.flatMap(([first, one]) => engines.map(([second, other]) => [first, second, one, other] as const));

const codeOf = (work: () => unknown) => {
  try {
    work();
    return "no error";
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
};

describe.each(engines)("SQLite by %s", (_, engine) => {
  it("returns rows, and undefined if there is none", () => {
    const database = openDatabase(join(temporaryFolder(), "store.sqlite"), engine);
    database.exec("CREATE TABLE t (id TEXT PRIMARY KEY, size REAL, note TEXT)");
    const add = database.prepare("INSERT INTO t SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)");
    add.run(
      JSON.stringify([
        ["a", 2 ** 40, null],
        ["b", 0.5, "\u{1F30A} calm"],
      ]),
    );
    expect({ ...database.prepare("SELECT id, size, note FROM t WHERE id = ?").get<object>("a") }).toMatchObject({
      id: "a",
      size: 2 ** 40,
      note: null,
    });
    expect(database.prepare("SELECT note FROM t WHERE id = ?").get("c")).toBeUndefined();
    expect(
      database
        .prepare("SELECT note FROM t ORDER BY id")
        .all<{ note: unknown }>()
        .map(({ note }) => note),
    ).toEqual([null, "\u{1F30A} calm"]);
    database.close();
  });

  it("rolls a failed transaction back, and runs an inner one as part of the outer one", () => {
    const database = openDatabase(join(temporaryFolder(), "store.sqlite"), engine);
    database.exec("CREATE TABLE t (id INTEGER)");
    const add = database.prepare("INSERT INTO t VALUES (?)");
    const fail = () =>
      database.transaction(() => {
        database.transaction(() => add.run(1));
        throw new Error("stopped");
      });
    expect(fail).toThrow("stopped");
    database.transaction(() => add.run(2));
    expect(
      database
        .prepare("SELECT id FROM t")
        .all<{ id: number }>()
        .map(({ id }) => id),
    ).toEqual([2]);
    database.close();
  });

  it("gives errors the codes of SQLite", () => {
    const folder = temporaryFolder();
    const database = openDatabase(join(folder, "store.sqlite"), engine);
    database.exec("CREATE TABLE t (id TEXT); PRAGMA max_page_count = 10");
    const add = database.prepare("INSERT INTO t VALUES (?)");
    expect(codeOf(() => database.transaction(() => add.run("x".repeat(100_000))))).toBe("SQLITE_FULL");
    database.exec("PRAGMA query_only = 1");
    expect(codeOf(() => add.run("y"))).toMatch(/^SQLITE_READONLY/);
    database.close();
  });

  it("leaves no log when it closes", () => {
    const path = join(temporaryFolder(), "store.sqlite");
    const database = openDatabase(path, engine);
    database.exec("CREATE TABLE t (id TEXT)");
    expect(existsSync(`${path}-wal`)).toBe(true);
    database.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
  });
});

describe.each(pairs)("a store of %s, opened by %s", (writer, _, first, second) => {
  it("has the same rows", () => {
    const path = join(temporaryFolder(), "store.sqlite");
    const written = openDatabase(path, first);
    written.exec("CREATE TABLE t (id TEXT); INSERT INTO t VALUES ('calm sea')");
    written.close();
    const opened = openDatabase(path, second);
    opened.exec("INSERT INTO t VALUES ('high tide')");
    expect(
      opened
        .prepare("SELECT id FROM t")
        .all<{ id: string }>()
        .map(({ id }) => id),
    ).toEqual(["calm sea", "high tide"]);
    expect({ ...opened.prepare("PRAGMA integrity_check").get<object>() }).toMatchObject({ integrity_check: "ok" });
    opened.close();
  });

  it("has every row that was committed before a kill, and no lock of the killed process", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "store.sqlite");
    const child = startWriter(writer, folder);
    const lines = await linesOf(child.stdout, 50);
    expect(lockFile(join(folder, "lock"), second)).toBeUndefined();
    child.kill("SIGKILL");
    await once(child, "exit");
    const unlock = lockFile(join(folder, "lock"), second);
    expect(unlock).toBeTypeOf("function");
    const opened = openDatabase(path, second);
    const committed = opened.prepare("SELECT count(*) AS committed FROM t").get<{ committed: number }>()?.committed;
    expect(committed).toBeGreaterThanOrEqual(lines);
    opened.close();
    unlock?.();
  });
});

describe("the choice of a library", () => {
  const absent = () => {
    throw new Error("not here");
  };
  const [builtIn, installed] = [() => loadLibsql(), () => loadLibsql()].map((load) => {
    const engine = load();
    return (path: string) => engine(path);
  }) as [SqliteEngine, SqliteEngine];

  it("prefers the one in Node.js only where it is stable", () => {
    expect(["20.19.0", "22.23.5", "24.14.1", "24.15.0", "26.0.0"].map(isStable)).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
    expect(
      chooseEngine(
        true,
        () => builtIn,
        () => installed,
      ),
    ).toBe(builtIn);
    expect(
      chooseEngine(
        false,
        () => builtIn,
        () => installed,
      ),
    ).toBe(installed);
    expect(chooseEngine(true, absent, () => installed)).toBe(installed);
    expect(chooseEngine(false, () => builtIn, absent)).toBe(builtIn);
  });

  it("says what to install if there is none", () => {
    expect(() => chooseEngine(false, absent, absent)).toThrow(/needs SQLite: .*npm install libsql.*not here/);
  });
});

/** Starts a process that locks the folder and commits one row after the other. */
function startWriter(library: string, folder: string) {
  const open =
    library === "libsql"
      ? `const Database = createRequire(${JSON.stringify(import.meta.url)})("libsql"); const open = (path) => new Database(path);`
      : `const { DatabaseSync } = process.getBuiltinModule("node:sqlite"); const open = (path) => new DatabaseSync(path);`;
  const script = `
    import { createRequire } from "node:module";
    import { writeSync } from "node:fs";
    ${open}
    globalThis.lock = open(${JSON.stringify(join(folder, "lock"))});
    lock.exec("BEGIN EXCLUSIVE");
    const database = open(${JSON.stringify(join(folder, "store.sqlite"))});
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; CREATE TABLE t (id TEXT)");
    const add = database.prepare("INSERT INTO t VALUES (?)");
    for (let row = 0; ; row += 1) {
      database.exec("BEGIN IMMEDIATE");
      add.run("row " + row);
      database.exec("COMMIT");
      writeSync(1, "committed\\n");
    }`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** Reads lines until there are `count`, and returns how many came. */
async function linesOf(output: NodeJS.ReadableStream, count: number): Promise<number> {
  let text = "";
  for await (const chunk of output) {
    text += String(chunk);
    const lines = text.split("\n").length - 1;
    if (lines >= count) return lines;
  }
  throw new Error("the process ended");
}
