/** Changes many inputs with one request: a bulk operation of the server. */

import * as z from "zod";
import type { ReportedJob } from "../../core/accounting/targets.js";
import { OptionsError } from "../../core/errors.js";
import { conceptsFrom } from "../../core/input/concepts.js";
import { geoPointFrom } from "../../core/input/coordinates.js";
import { frozenJson, ShapeError } from "../../core/input/frozen-json.js";
import { systemClock } from "../../core/net/clock.js";
import { type OptionsOf, parseOptions } from "../../core/plugin/options.js";
import { formatValue } from "../../core/util/format/format-value.js";
import { isObject, type Json } from "../../core/util/json/json-values.js";
import type { App } from "../client/app.js";
import type { BulkChange, BulkInputs, BulkOperation } from "../client/app-types.js";
import { checkApp } from "../client/check-app.js";
import { statusText } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";

/** What a bulk operation has done so far. */
export interface BulkProgress {
  /** Id of the operation on the server. */
  operationId: string;
  state: ReportedJob["state"];
  /** Inputs that the server is through with. */
  processed: number;
}

/** The result of a bulk operation. */
export interface BulkResult extends BulkProgress {
  /** Whether the operation ended with success, and went through at least one input; of a list of ids, through as many as the list has. */
  ok: boolean;
  /** Why it is not ok. */
  reason?: string | undefined;
}

const functionOf = <F>() => z.custom<F>((value) => typeof value === "function", { error: "must be a function" });
const optionFields = {
  /** Waits until the operation ends. Default: true. */
  wait: z.boolean().default(true),
  /** Longest wait for the end of the operation, in milliseconds. It goes on after that. Default: 3,600,000 (an hour). */
  timeoutMs: z.number().positive().default(3_600_000),
  /** Called with each state of the operation. */
  onProgress: functionOf<(progress: BulkProgress) => void>().optional(),
  /** Cancels the operation, and rejects with the reason of the signal. Inputs that it has changed stay so. */
  signal: z.instanceof(AbortSignal, { error: "must be an AbortSignal" }).optional(),
};
const Options = z.strictObject(optionFields);
/** Options of `changeInputs`. */
export type ChangeInputsOptions = OptionsOf<typeof optionFields>;

const states: ReadonlyMap<number | undefined, BulkProgress["state"]> = new Map([
  [statusCodes.BULK_OPERATION_PENDING, "queued"],
  [statusCodes.BULK_OPERATION_IN_PROGRESS, "running"],
  [statusCodes.BULK_OPERATION_SUCCESS, "done"],
  [statusCodes.BULK_OPERATION_FAILED, "failed"],
  [statusCodes.BULK_OPERATION_INVALID_REQUEST, "failed"],
  [statusCodes.BULK_OPERATION_UNEXPECTED_ERROR, "failed"],
  [statusCodes.BULK_OPERATION_CANCELLED, "cancelled"],
]);
const changes = [
  ...["addConcepts", "deleteConcepts", "addMetadata", "deleteMetadata", "setGeo", "deleteGeo"],
  ...["addToDataset", "removeFromDataset", "splitIntoDatasets"],
];
const firstDelayMs = 20;
const lastDelayMs = 10_000;
const cancelTimeoutMs = 10_000;

/**
 * Changes many inputs with one request, which the server carries out by itself: of a list of ids, of a dataset, or all that match filters. It adds or deletes concepts, metadata or
 * locations, adds inputs to a dataset or removes them from one, or splits them into datasets by percentage.
 *
 * The server counts the inputs and does not tell the outcome of each. To know that, use `patch` in a flow. An answer that is lost is asked for again, except that of a split.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {InputError} ERR_CONCEPT, ERR_CONCEPT_VALUE, ERR_GEO
 * @throws {ApiError} if the server refuses the operation, or its state cannot be read
 * @example const { ok, processed } = await changeInputs(app, { dataset: "harbour" }, { splitIntoDatasets: { train: 80, test: 20 } });
 */
export async function changeInputs(
  app: App,
  inputs: BulkInputs,
  change: BulkChange,
  options: ChangeInputsOptions = {},
): Promise<BulkResult> {
  checkApp("changeInputs", app);
  checkInputs(inputs);
  checkChange(change);
  const {
    wait,
    timeoutMs,
    onProgress,
    signal = new AbortController().signal,
  } = parseOptions("changeInputs", Options, options);
  let operation = await app.postBulkOperation(inputs, change, signal);
  const { id } = operation;
  const deadline = systemClock.now() + (wait ? timeoutMs : 0);
  try {
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(lastDelayMs, delayMs * 1.5)) {
      const progress = progressOf(operation);
      onProgress?.(progress);
      const isOpen = progress.state === "queued" || progress.state === "running";
      if (!isOpen || systemClock.now() >= deadline) return resultOf(progress, operation, inputs);
      await systemClock.sleep(Math.min(delayMs, Math.max(1, deadline - systemClock.now())), signal);
      operation = await app.getBulkOperation(id, signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    await app.cancelBulkOperations([id], AbortSignal.timeout(cancelTimeoutMs)).catch(() => undefined); // the reason of the abort counts
    throw signal.reason;
  }
}

function progressOf({ id, status, processed }: BulkOperation): BulkProgress {
  return { operationId: id, state: states.get(status?.code) ?? "queued", processed };
}

function resultOf(progress: BulkProgress, { status }: BulkOperation, inputs: BulkInputs): BulkResult {
  const { state, processed } = progress;
  const wanted = "ids" in inputs ? new Set(inputs.ids).size : undefined;
  if (state !== "done") {
    const reason = status ? `${statusText(status)} (${status.code})` : "the server gave no status";
    return { ...progress, ok: false, reason };
  }
  if (wanted !== undefined && processed < wanted)
    return {
      ...progress,
      ok: false,
      reason: `the server went through ${processed} of ${wanted} inputs; the others may not exist`,
    };
  if (processed === 0) return { ...progress, ok: false, reason: "no input matched" };
  return { ...progress, ok: true };
}

/** A selection that is empty or undefined must not become one of all inputs. @throws {OptionsError} */
function checkInputs(inputs: unknown): void {
  const { ids, dataset, filters } = (isObject(inputs) ? inputs : {}) as { [name: string]: unknown };
  const isList = (value: unknown) => Array.isArray(value) && value.length > 0;
  const given = isObject(inputs) ? Object.keys(inputs) : [];
  const isIds = isList(ids) && (ids as unknown[]).every((id) => typeof id === "string" && id !== "");
  const isFilters =
    isList(filters) &&
    (filters as unknown[]).every((filter) => isObject(filter as Json) && Object.keys(filter as object).length > 0);
  if (given.length === 1 && (isIds || isFilters || (typeof dataset === "string" && dataset !== ""))) return;
  throw wrong(`inputs must be one of { ids }, { dataset } and { filters }, not empty, got ${formatValue(inputs)}`);
}

function checkChange(change: unknown): void {
  const given = isObject(change as Json) ? Object.keys(change as object) : [];
  if (given.length !== 1 || !changes.includes(given[0] ?? ""))
    throw wrong(`the change must have exactly one of ${changes.join(", ")}, got ${formatValue(change)}`);
  const one = change as { [name: string]: unknown };
  if (one.addConcepts !== undefined) conceptsFrom(one.addConcepts as string[]);
  if (isObject(one.setGeo as Json))
    geoPointFrom((one.setGeo as { longitude: number }).longitude, (one.setGeo as { latitude: number }).latitude);
  const value = Object.values(one)[0];
  const isEmpty =
    value === undefined || value === "" || (typeof value === "object" && Object.keys(value ?? {}).length === 0);
  if (isEmpty) throw wrong(`${given[0]} is empty`);
  const shares = isObject(one.splitIntoDatasets as Json) ? Object.values(one.splitIntoDatasets as object) : [];
  const isShare = (share: unknown) => Number.isInteger(share) && (share as number) >= 1;
  if (!shares.every(isShare) || shares.reduce((sum: number, share: number) => sum + share, 0) > 100)
    throw wrong("splitIntoDatasets needs whole percentages from 1 on, at most 100 together");
  try {
    frozenJson(value, given[0] ?? "");
  } catch (error) {
    if (error instanceof ShapeError) throw wrong(error.message);
    throw error;
  }
}

function wrong(text: string): OptionsError {
  return new OptionsError("ERR_OPTIONS", `changeInputs: ${text}`);
}
