/** The calls for dataset versions, their metrics and their exports, added to those for datasets. */

import { randomUUID } from "node:crypto";
import { isObject } from "../../../core/util/json/json-values.js";
import { waitForVersion } from "../../datasets/wait-for-version.js";
import {
  datasetExportFromWire,
  datasetMetricsFromWire,
  datasetVersionFromWire,
  exportFormats,
} from "../../wire/dataset-versions.js";
import { listOf } from "../../wire/decode-answers.js";
import { statusCodes } from "../../wire/status-codes.js";
import { ApiError } from "../api-error.js";
import type {
  DatasetExport,
  DatasetExportFormat,
  DatasetMetrics,
  DatasetVersion,
  NewDatasetVersion,
  PageOptions,
} from "../app-types.js";
import { pathPart } from "../path-part.js";
import { DatasetCalls } from "./dataset-calls.js";

export class DatasetVersionCalls extends DatasetCalls {
  /** Lists one page of the versions of a dataset, newest first. */
  async listDatasetVersions(datasetId: string, options: PageOptions = {}): Promise<DatasetVersion[]> {
    const query = { page: options.page, per_page: options.perPage };
    return this.list(
      versionsOf(datasetId),
      "dataset_versions",
      { query, signal: options.signal },
      datasetVersionFromWire,
    );
  }

  /** Returns a version of a dataset; undefined if it does not exist. */
  async getDatasetVersion(
    datasetId: string,
    versionId: string,
    signal?: AbortSignal,
  ): Promise<DatasetVersion | undefined> {
    try {
      const { json } = await this.call("GET", `${versionsOf(datasetId)}/${pathPart(versionId)}`, { signal });
      return isObject(json.dataset_version) ? datasetVersionFromWire(json.dataset_version) : undefined;
    } catch (error) {
      if (error instanceof ApiError && error.code === String(statusCodes.CONN_DOES_NOT_EXIST)) return undefined;
      throw error;
    }
  }

  /**
   * Makes a version of a dataset, and waits until the platform has processed it. A lost answer is looked up, so that one call makes one version.
   *
   * @throws {FlowError} ERR_VERSION_DEADLINE after `timeoutMs`, and the platform's code if the processing fails
   */
  async createDatasetVersion(
    datasetId: string,
    { id = randomUUID().replaceAll("-", ""), description, metadata, timeoutMs, signal }: NewDatasetVersion = {},
  ): Promise<DatasetVersion> {
    const version = { id, description, metadata };
    try {
      const json = { dataset_versions: [version] };
      await this.call("POST", versionsOf(datasetId), { json, signal });
    } catch (error) {
      const isLost = error instanceof ApiError && error.outcomeUnknown;
      if (!isLost || !(await this.getDatasetVersion(datasetId, id, signal))) throw error;
    }
    const read = () => this.getDatasetVersion(datasetId, id, signal);
    return waitForVersion(read, { datasetId, versionId: id, timeoutMs, signal });
  }

  /** Deletes versions of a dataset. The dataset and its inputs stay. */
  async deleteDatasetVersions(datasetId: string, ids: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.call("DELETE", versionsOf(datasetId), { json: { dataset_version_ids: ids }, signal });
  }

  /** Lists one page of the metrics of a version: counts of the whole dataset, of each kind of input, and of each concept. */
  async listDatasetVersionMetrics(
    datasetId: string,
    versionId: string,
    options: PageOptions = {},
  ): Promise<DatasetMetrics[]> {
    const path = `${versionsOf(datasetId)}/${pathPart(versionId)}/metrics`;
    const query = { page: options.page, per_page: options.perPage };
    const { signal } = options;
    return this.list(path, "dataset_version_metrics_groups", { query, signal }, datasetMetricsFromWire);
  }

  /** Asks for an export of a version, or for the state of one that was asked for before. A complete one has a URL; `exportDataset` downloads it. */
  async putDatasetVersionExport(
    datasetId: string,
    versionId: string,
    format: DatasetExportFormat,
    signal?: AbortSignal,
  ): Promise<DatasetExport> {
    const path = `${versionsOf(datasetId)}/${pathPart(versionId)}/exports`;
    const json = { exports: [{ format: exportFormats[format] }] };
    const answer = await this.call("PUT", path, { json, idempotent: true, signal });
    return datasetExportFromWire(format, listOf(answer.json, "exports")?.[0] ?? {});
  }
}

function versionsOf(datasetId: string): string {
  return `/datasets/${pathPart(datasetId)}/versions`;
}
