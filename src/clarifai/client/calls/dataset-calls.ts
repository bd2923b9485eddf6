/** The calls for datasets and their members, added to those for concepts. */

import {
  datasetFromWire,
  listOf,
  memberId,
  memberStatus,
  type WireInput,
  wireInput,
} from "../../wire/decode-answers.js";
import { statusCodes } from "../../wire/status-codes.js";
import { ApiError } from "../api-error.js";
import type { Dataset, ItemStatus, PageOptions } from "../app-types.js";
import { pathPart } from "../path-part.js";
import { ConceptCalls } from "./concept-calls.js";

export class DatasetCalls extends ConceptCalls {
  /** Lists one page of the datasets of the app. */
  async listDatasets(options: PageOptions = {}): Promise<Dataset[]> {
    const query = { page: options.page, per_page: options.perPage };
    return this.list("/datasets", "datasets", { query, signal: options.signal }, datasetFromWire);
  }

  /** Returns a dataset; undefined if it does not exist. */
  async getDataset(id: string, signal?: AbortSignal): Promise<Dataset | undefined> {
    try {
      const { json } = await this.call("GET", `/datasets/${pathPart(id)}`, { signal });
      return datasetFromWire((json.dataset ?? {}) as Record<string, unknown>);
    } catch (error) {
      if (error instanceof ApiError && error.code === String(statusCodes.CONN_DOES_NOT_EXIST)) return undefined;
      throw error;
    }
  }

  /** Adds datasets to the app. */
  async postDatasets(datasets: readonly Dataset[], signal?: AbortSignal): Promise<void> {
    await this.call("POST", "/datasets", { json: { datasets }, signal });
  }

  /** Deletes datasets. Their inputs stay in the app. */
  async deleteDatasets(ids: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.call("DELETE", "/datasets", { json: { dataset_ids: ids }, signal });
  }

  /** Lists one page of the inputs of a dataset. */
  async listDatasetInputs(datasetId: string, options: PageOptions = {}): Promise<WireInput[]> {
    const path = `/datasets/${pathPart(datasetId)}/inputs`;
    const query = { page: options.page, per_page: options.perPage };
    return this.list(path, "dataset_inputs", { query, signal: options.signal }, (value) =>
      wireInput((value.input ?? {}) as Record<string, unknown>),
    );
  }

  /** Adds inputs to a dataset. Returns the status of each. */
  async addToDataset(datasetId: string, inputIds: readonly string[], signal?: AbortSignal): Promise<ItemStatus[]> {
    const json = { dataset_inputs: inputIds.map((id) => ({ input: { id } })) };
    const path = `/datasets/${pathPart(datasetId)}/inputs`;
    const answer = await this.call("POST", path, { json, idempotent: true, signal });
    const items = listOf(answer.json, "dataset_inputs") ?? [];
    return items.map((item, index) => ({
      id: memberId(item) ?? (items.length === inputIds.length ? inputIds[index] : undefined) ?? "",
      status: memberStatus(item) ?? answer.status,
    }));
  }

  /** Removes inputs from a dataset. They stay in the app. */
  async removeFromDataset(datasetId: string, inputIds: readonly string[], signal?: AbortSignal): Promise<void> {
    const path = `/datasets/${pathPart(datasetId)}/inputs`;
    await this.call("DELETE", path, { json: { input_ids: inputIds }, signal });
  }
}
