/** Rows of bulk operations. */

import type { JsonObject } from "../../../core/util/json/json-values.js";
import type { AppRow } from "../../store/model.js";
import type { Store } from "../../store/store.js";
import { doesNotExist } from "../../wire/refusals.js";
import { status } from "../../wire/status.js";

export interface OperationRow {
  seq: number;
  app: number;
  id: string;
  /** JSON of the operation. */
  operation: string;
  /** JSON list of the numbers of its inputs. */
  inputs: string;
  total: number;
  /** Number of inputs that it is through with. */
  processed: number;
  last_id: string | null;
  status: number;
  details: string | null;
  created_at: string;
  modified_at: string;
}

/** Carries bulk operations out. */
export interface BulkQueue {
  /** Adds an operation on some inputs. Returns its id. */
  add(app: AppRow, operation: JsonObject, inputs: readonly number[]): string;
  /** Carries an operation out at once, if that is one step. */
  runSmall(app: AppRow, id: string): void;
  /** Continues open operations after a delay. */
  wake(): void;
  cancel(row: OperationRow): void;
}

/** @throws {Refusal} 11101 */
export function operationOf(store: Store, app: number, id: string): OperationRow {
  const row = store.get<OperationRow>("SELECT * FROM bulk_operations WHERE app = ? AND id = ?", app, id);
  if (!row) throw doesNotExist(`the bulk operation "${id}" does not exist`);
  return row;
}

export function outgoingOperation(app: AppRow, row: OperationRow): JsonObject {
  const { processed, last_id: lastId } = row;
  return {
    id: row.id,
    operation: JSON.parse(row.operation) as JsonObject,
    app_id: app.id,
    created_by: app.user,
    status: status(row.status, row.details ?? undefined),
    progress: processed > 0 ? { processed, ...(lastId === null ? {} : { last_processed_id: lastId }) } : {},
    created_at: row.created_at,
    last_modified_at: row.modified_at,
  };
}
