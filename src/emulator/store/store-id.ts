/** The id of a store: the same for as long as its file is the same, another one for a copy. */

import { randomUUID } from "node:crypto";
import { statSync } from "node:fs";

/** What it needs of a store. */
interface Rows {
  get<T>(sql: string): T | undefined;
  run(sql: string, ...values: string[]): void;
  transaction<T>(work: () => T): T;
}

/**
 * Returns the id in the store's own rows, so that an emptied folder has another. The rows also know the file that they are in: in a copy the file is
 * another one, and the copy gets an id of its own. A folder that is moved within its file system keeps its id.
 */
export function storeId(store: Rows, path: string): string {
  const file = fileIdentity(path);
  const known = store.get<{ id: string; file: string }>("SELECT id, file FROM identity");
  if (known && known.file === file) return known.id;
  const id = randomUUID().replaceAll("-", "");
  store.transaction(() => {
    store.run("DELETE FROM identity");
    store.run("INSERT INTO identity (id, file) VALUES (?, ?)", id, file);
  });
  return id;
}

/** When the file was made; where the file system does not say, its number there. Not the device, which changes with a restart of the machine. */
function fileIdentity(path: string): string {
  const { birthtimeNs, ino } = statSync(path, { bigint: true });
  return birthtimeNs > 0n ? `made ${birthtimeNs}` : `number ${ino}`;
}
