/** The calls for bulk operations, added to those for searches. */

import { conceptsFrom } from "../../../core/input/concepts.js";
import { isObject, type JsonObject } from "../../../core/util/json/json-values.js";
import { listOf } from "../../wire/decode-answers.js";
import { wireFields } from "../../wire/encode-input.js";
import { statusFrom } from "../../wire/status.js";
import type { BulkChange, BulkInputs, BulkOperation, PageOptions } from "../app-types.js";
import { pathPart } from "../path-part.js";
import { SearchCalls } from "./search-calls.js";

export class BulkCalls extends SearchCalls {
  /**
   * Begins one operation on many inputs, which the server carries out in the background. A split is not sent again after a lost answer, because a second one
   * would put inputs into other datasets.
   */
  async postBulkOperation(inputs: BulkInputs, change: BulkChange, signal?: AbortSignal): Promise<BulkOperation> {
    const json = { bulk_operations: [{ ...wireInputs(inputs), operation: wireChange(change) }] };
    const idempotent = !("splitIntoDatasets" in change);
    const answer = await this.call("POST", "/bulk_operations", { json, signal, idempotent });
    return fromWire(listOf(answer.json, "bulk_operation")?.[0]);
  }

  /** Returns the state of a bulk operation. */
  async getBulkOperation(id: string, signal?: AbortSignal): Promise<BulkOperation> {
    const { json } = await this.call("GET", `/bulk_operations/${pathPart(id)}`, { signal });
    return fromWire(json.bulk_operation);
  }

  /** Lists one page of bulk operations. */
  async listBulkOperations(options: PageOptions = {}): Promise<BulkOperation[]> {
    const query = { page: options.page, per_page: options.perPage };
    return this.list("/bulk_operations", "bulk_operation", { query, signal: options.signal }, fromWire);
  }

  /** Cancels bulk operations, and returns their states. Inputs that they have changed stay so. */
  async cancelBulkOperations(ids: readonly string[], signal?: AbortSignal): Promise<BulkOperation[]> {
    const { json } = await this.call("PATCH", "/bulk_operations", { json: { ids }, signal });
    return (listOf(json, "bulk_operation") ?? []).map(fromWire);
  }

  /** Deletes the records of bulk operations. Inputs that they have changed stay so. */
  async deleteBulkOperations(ids: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.call("DELETE", "/bulk_operations", { json: { ids }, signal });
  }
}

function fromWire(value: unknown): BulkOperation {
  const { id, status, progress } = isObject(value) ? value : {};
  const processed = isObject(progress) ? Number(progress.processed ?? 0) : 0;
  return { id: String(id ?? ""), status: statusFrom(status), processed };
}

function wireInputs(inputs: BulkInputs): JsonObject {
  if ("ids" in inputs) return { input_ids: { input_ids: [...inputs.ids] } };
  if ("dataset" in inputs) return { dataset: { id: inputs.dataset } };
  return { search: { query: { filters: [...inputs.filters] as JsonObject[] } } };
}

function wireChange(change: BulkChange): JsonObject {
  const wire = (concepts: readonly (string | { id: string })[]) =>
    wireFields({ concepts: conceptsFrom(concepts), metadata: {} }).concepts ?? [];
  if ("addConcepts" in change) return { add_concepts: { concepts: wire(change.addConcepts) } };
  if ("deleteConcepts" in change) return { delete_concepts: { concepts: change.deleteConcepts.map((id) => ({ id })) } };
  if ("addMetadata" in change) return { add_metadata: { metadata: change.addMetadata } };
  if ("deleteMetadata" in change) return { delete_metadata: { metadata: change.deleteMetadata } };
  if ("setGeo" in change) {
    return { overwrite_geo: wireFields({ concepts: [], metadata: {}, geo: change.setGeo }) };
  }
  if ("deleteGeo" in change) return { delete_geo: {} };
  if ("addToDataset" in change) return { add_to_dataset: { dataset_id: change.addToDataset } };
  if ("removeFromDataset" in change) return { delete_from_dataset: { dataset_id: change.removeFromDataset } };
  const splits = Object.entries(change.splitIntoDatasets).map(([id, percentage]) => ({ dataset: { id }, percentage }));
  return { split_into_datasets: { dataset_splits: splits, method: "RANDOM_PERCENTAGE_SPLIT" } };
}
