/** Carries bulk operations out, in steps of some inputs. A restarted emulator continues behind the last step. */

import { limits } from "../../../clarifai/limits.js";
import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { describeError } from "../../../core/errors.js";
import type { JsonObject } from "../../../core/util/json/json-values.js";
import { isDiskFull } from "../../store/disk-full.js";
import type { AppRow, InputRow } from "../../store/model.js";
import { newId, timestamp } from "../../store/stamps.js";
import type { Store } from "../../store/store.js";
import type { Call } from "../context.js";
import { applyOperation } from "./apply-operation.js";
import { type BulkQueue, type OperationRow, operationOf } from "./operation-rows.js";

const { BULK_OPERATION_PENDING, BULK_OPERATION_IN_PROGRESS, BULK_OPERATION_SUCCESS, BULK_OPERATION_CANCELLED } =
  statusCodes;

/** Inputs of one step, which is one transaction. Operations with no more inputs are carried out before they are answered. */
const stepInputs = limits.maxInputsPerRequest;
/** Wait before a step is tried again that failed on a full disk, in milliseconds. */
const retryMs = 200;

export interface BulkWorkOptions {
  store: Store;
  delayMs: number;
  callOf: (app: AppRow) => Call;
}

export class BulkWork implements BulkQueue {
  readonly #options: BulkWorkOptions;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: BulkWorkOptions) {
    this.#options = options;
    this.wake(); // Continues the operations that the last process left unfinished.
  }

  add({ seq: app }: AppRow, operation: JsonObject, inputs: readonly number[]): string {
    const id = newId();
    const now = timestamp();
    const sql =
      "INSERT INTO bulk_operations (app, id, operation, inputs, total, status, created_at, modified_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    const values = [app, id, JSON.stringify(operation), JSON.stringify(inputs), inputs.length, BULK_OPERATION_PENDING];
    this.#options.store.run(sql, ...values, now, now);
    return id;
  }

  runSmall({ seq }: AppRow, id: string): void {
    const row = operationOf(this.#options.store, seq, id);
    if (row.total <= stepInputs) this.#step(row);
  }

  wake(delayMs = this.#options.delayMs): void {
    if (this.#timer || this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const sql = "SELECT * FROM bulk_operations WHERE status IN (?, ?) ORDER BY seq LIMIT 1";
      const row = this.#options.store.get<OperationRow>(sql, BULK_OPERATION_PENDING, BULK_OPERATION_IN_PROGRESS);
      if (!row) return;
      try {
        this.#step(row);
        this.wake();
      } catch (error) {
        if (!isDiskFull(error)) throw error;
        this.wake(retryMs);
      }
    }, delayMs).unref();
  }

  cancel({ seq, status }: OperationRow): void {
    if (status === BULK_OPERATION_PENDING || status === BULK_OPERATION_IN_PROGRESS)
      this.#set(seq, BULK_OPERATION_CANCELLED);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Carries an operation out on its next inputs. Those that were deleted since are counted, and nothing else happens to them. */
  #step(row: OperationRow): void {
    const { store, callOf } = this.#options;
    const inputs = JSON.parse(row.inputs) as number[];
    const operation = JSON.parse(row.operation) as JsonObject;
    const end = Math.min(row.processed + stepInputs, inputs.length);
    const app = store.get<AppRow>("SELECT * FROM apps WHERE seq = ?", row.app);
    if (!app) return;
    const call = callOf(app);
    try {
      store.transaction(() => {
        let lastId = row.last_id;
        for (let at = row.processed; at < end; at += 1) {
          const input = store.get<InputRow>("SELECT * FROM inputs WHERE seq = ?", inputs[at] ?? -1);
          if (!input) continue;
          applyOperation(call, input, operation, at / inputs.length);
          lastId = input.id;
        }
        const status = end === inputs.length ? BULK_OPERATION_SUCCESS : BULK_OPERATION_IN_PROGRESS;
        const sql = "UPDATE bulk_operations SET processed = ?, last_id = ?, status = ?, modified_at = ? WHERE seq = ?";
        store.run(sql, end, lastId, status, timestamp(), row.seq);
      });
    } catch (error) {
      if (isDiskFull(error)) throw error;
      if (row.total <= stepInputs) {
        store.run("DELETE FROM bulk_operations WHERE seq = ?", row.seq); // the request is refused
        throw error;
      }
      this.#set(row.seq, statusCodes.BULK_OPERATION_FAILED, describeError(error));
    }
  }

  #set(seq: number, status: number, details: string | null = null): void {
    const sql = "UPDATE bulk_operations SET status = ?, details = ?, modified_at = ? WHERE seq = ?";
    this.#options.store.run(sql, status, details, timestamp(), seq);
  }
}
