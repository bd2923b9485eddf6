/** The rows of dataset versions. */

import { dropSnapshots } from "../../export/snapshot.js";
import { doesNotExist } from "../../wire/refusals.js";
import type { Call } from "../context.js";

export interface VersionRow {
  seq: number;
  id: string;
  data: string;
  metrics: string;
  created_at: string;
}

/** Returns the row of a version of the dataset in the path; undefined if there is none. */
export function rowOf({ services, app, parts }: Call, id: string): VersionRow | undefined {
  const sql = "SELECT * FROM dataset_versions WHERE app = ? AND dataset = ? AND id = ?";
  return services.store.get<VersionRow>(sql, app.seq, parts[0] ?? "", id);
}

/** Returns the row of a version. @throws {Refusal} 11101 */
export function versionOf(call: Call, id = call.parts[1] ?? ""): VersionRow {
  const row = rowOf(call, id);
  if (!row) throw doesNotExist(`the version "${id}" of the dataset "${call.parts[0]}" does not exist`);
  return row;
}

/** Whether the time of processing of a version was over at a time, by default now. */
export function isReady({ services }: Call, { created_at }: VersionRow, at = Date.now()): boolean {
  return at >= Date.parse(created_at) + services.processingDelayMs;
}

/** Deletes versions of a dataset with their snapshots and exports. Without ids, all of them. */
export function removeVersions({ services, app }: Call, dataset: string, ids?: readonly string[]): void {
  const { store } = services;
  const sql = "SELECT * FROM dataset_versions WHERE app = ? AND dataset = ?";
  const rows = store.all<VersionRow>(sql, app.seq, dataset).filter(({ id }) => ids?.includes(id) ?? true);
  const numbers = rows.map(({ seq }) => seq);
  for (const seq of numbers) store.run("DELETE FROM dataset_versions WHERE seq = ?", seq);
  dropSnapshots(store, numbers);
  services.exports.remove(numbers);
}
