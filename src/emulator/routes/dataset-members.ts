/** Adding inputs to datasets. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { timestamp } from "../store/store.js";
import { checkId } from "../wire/ids.js";
import { ItemRefusal } from "../wire/refusals.js";
import type { Call } from "./context.js";

/** Creates the dataset if it does not exist, unless `autoCreate` is false. @throws {ItemRefusal} 11101, 39999 */
export function ensureDataset({ services, app }: Call, id: string): string {
  const { store, autoCreate } = services;
  checkId("dataset id", id);
  if (datasetExists({ services, app }, id)) return id;
  if (!autoCreate) throw new ItemRefusal(statusCodes.CONN_DOES_NOT_EXIST, `the dataset "${id}" does not exist`);
  const now = timestamp();
  const sql = "INSERT INTO datasets (app, id, data, created_at, modified_at) VALUES (?, ?, '{}', ?, ?)";
  store.run(sql, app.seq, id, now, now);
  return id;
}

export function datasetExists({ services, app }: Pick<Call, "services" | "app">, id: string): boolean {
  return services.store.get("SELECT 1 AS found FROM datasets WHERE app = ? AND id = ?", app.seq, id) !== undefined;
}

/** Adds an input to a dataset. */
export function addToDataset({ services, app }: Call, dataset: string, seq: number): void {
  const sql = "INSERT OR IGNORE INTO dataset_inputs (app, dataset, input, created_at) VALUES (?, ?, ?, ?)";
  services.store.run(sql, app.seq, dataset, seq, timestamp());
}
