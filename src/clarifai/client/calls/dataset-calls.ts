/** The calls for datasets and their members, added to those for concepts. */

import { datasetFromWire, listOf, memberStatus, type WireInput, wireInput } from "../../wire/decode-answers.js";
import type { Dataset, ItemStatus, PageOptions } from "../app-types.js";
import { pathPart } from "../path-part.js";
import { ConceptCalls } from "./concept-calls.js";

export class DatasetCalls extends ConceptCalls {
  /** Lists one page of the datasets of the app. */
  async listDatasets(options: PageOptions = {}): Promise<Dataset[]> {
    const query = { page: options.page, per_page: options.perPage };
    return this.list("/datasets", "datasets", { query, signal: options.signal }, datasetFromWire);
  }

  /** Adds datasets to the app. */
  async postDatasets(datasets: readonly Dataset[]): Promise<void> {
    await this.call("POST", "/datasets", { json: { datasets } });
  }

  /** Deletes datasets. Their inputs stay in the app. */
  async deleteDatasets(ids: readonly string[]): Promise<void> {
    await this.call("DELETE", "/datasets", { json: { dataset_ids: ids } });
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
    return (listOf(answer.json, "dataset_inputs") ?? []).map((item, index) => ({
      id: inputIds[index] ?? "",
      status: memberStatus(item) ?? answer.status,
    }));
  }

  /** Removes inputs from a dataset. They stay in the app. */
  async removeFromDataset(datasetId: string, inputIds: readonly string[], signal?: AbortSignal): Promise<void> {
    const path = `/datasets/${pathPart(datasetId)}/inputs`;
    await this.call("DELETE", path, { json: { input_ids: inputIds }, signal });
  }
}
