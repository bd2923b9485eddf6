/** The id of a store. It stays the same as long as the database file is the same; a copy gets another id. */

import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";

/** The part of a store that the id needs. */
interface Rows {
  get<T>(sql: string): T | undefined;
  run(sql: string, ...values: string[]): void;
  transaction<T>(work: () => T): T;
}

/**
 * Returns the id of a store from its rows, or makes a new one.
 *
 * An emptied folder gets a new id, because its rows are gone. The rows also record the identity of the file, so a copy gets a new id, too. A folder
 * that is moved within its file system keeps its id.
 */
export function storeId(store: Rows, path: string): string {
  const file = fileIdentity(path);
  const recorded = store.get<{ id: string; file: string }>("SELECT id, file FROM identity");
  if (recorded?.file === file) return recorded.id;
  const id = randomUUID().replaceAll("-", "");
  store.transaction(() => {
    store.run("DELETE FROM identity");
    store.run("INSERT INTO identity (id, file) VALUES (?, ?)", id, file);
  });
  return id;
}

/**
 * Identifies a file by its time of creation, or by its inode number if the file system records no such time. The number of the device is left out,
 * because it changes when the machine restarts.
 */
function fileIdentity(path: string): string {
  const { birthtimeNs, ino } = statSync(path, { bigint: true });
  return birthtimeNs > 0n ? `made ${birthtimeNs}` : `number ${ino}`;
}
