/** Routes of dataset versions: the counts of a dataset at one moment, from which clients read the status of an upload. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { JsonObject } from "../../core/util/json-values.js";
import { newId, timestamp } from "../store/store.js";
import { checkId } from "../wire/ids.js";
import { textsIn } from "../wire/lenient-json.js";
import { doesNotExist, invalidRequest, notSupported } from "../wire/refusals.js";
import { status } from "../wire/status.js";
import { type Call, objectsOf, pageOf, type Reply } from "./context.js";
import { metricsOf } from "./dataset-metrics.js";
import { datasetOf } from "./datasets.js";

interface VersionRow {
  id: string;
  data: string;
  metrics: string;
  created_at: string;
}

/** POST …/datasets/{id}/versions: a version is ready when the request is answered. */
export function postDatasetVersions(call: Call): Reply {
  const { services, app, body } = call;
  const dataset = datasetOf(call);
  const values = objectsOf(body.dataset_versions, "dataset_versions");
  const ids = services.store.transaction(() =>
    values.map((value) => {
      const id = typeof value.id === "string" ? checkId("dataset version id", value.id) : newId();
      if (rowOf(call, id)) throw invalidRequest(`duplicate dataset version: "${id}" already exists`);
      const { description, metadata } = value;
      const data = JSON.stringify({ description, metadata });
      const sql =
        "INSERT INTO dataset_versions (app, dataset, id, data, metrics, created_at) VALUES (?, ?, ?, ?, ?, ?)";
      const metrics = JSON.stringify(metricsOf(call, dataset.id));
      services.store.run(sql, app.seq, dataset.id, id, data, metrics, timestamp());
      return id;
    }),
  );
  return { json: { dataset_versions: ids.map((id) => outgoingVersion(call, versionOf(call, id))) } };
}

/** GET …/datasets/{id}/versions */
export function listDatasetVersions(call: Call): Reply {
  const { services, app, parameters } = call;
  const { offset, size } = pageOf(parameters);
  const sql = "SELECT * FROM dataset_versions WHERE app = ? AND dataset = ? ORDER BY seq DESC LIMIT ? OFFSET ?";
  const rows = services.store.all<VersionRow>(sql, app.seq, datasetOf(call).id, size, offset);
  return { json: { dataset_versions: rows.map((row) => outgoingVersion(call, row)) } };
}

/** GET …/datasets/{id}/versions/{id} */
export function getDatasetVersion(call: Call): Reply {
  return { json: { dataset_version: outgoingVersion(call, versionOf(call)) } };
}

/** DELETE …/datasets/{id}/versions */
export function deleteDatasetVersions(call: Call): Reply {
  const { services, app, body } = call;
  const { id: dataset } = datasetOf(call);
  const ids = textsIn(body.dataset_version_ids);
  if (ids.length === 0) throw invalidRequest("dataset_version_ids is empty");
  services.store.transaction(() => {
    const sql = "DELETE FROM dataset_versions WHERE app = ? AND dataset = ? AND id = ?";
    for (const id of ids) services.store.run(sql, app.seq, dataset, id);
  });
  return {};
}

/** GET …/datasets/{id}/versions/{id}/metrics */
export function listDatasetVersionMetrics(call: Call): Reply {
  const { offset, size } = pageOf(call.parameters);
  const groups = JSON.parse(versionOf(call).metrics) as JsonObject[];
  return { json: { dataset_version_metrics_groups: groups.slice(offset, offset + size) } };
}

/** PUT …/datasets/{id}/versions/{id}/exports */
export function putDatasetVersionExports(): Reply {
  throw notSupported("the emulator does not export datasets; list the inputs of the dataset and download them");
}

function rowOf({ services, app, parts }: Call, id: string): VersionRow | undefined {
  const sql = "SELECT * FROM dataset_versions WHERE app = ? AND dataset = ? AND id = ?";
  return services.store.get<VersionRow>(sql, app.seq, parts[0] ?? "", id);
}

function versionOf(call: Call, id = call.parts[1] ?? ""): VersionRow {
  const row = rowOf(call, id);
  if (!row) throw doesNotExist(`the version "${id}" of the dataset "${call.parts[0]}" does not exist`);
  return row;
}

function outgoingVersion({ app, parts }: Call, { id, data, created_at }: VersionRow): JsonObject {
  return {
    ...{ id, app_id: app.id, user_id: app.user, dataset_id: parts[0] ?? "" },
    ...{
      created_at,
      modified_at: created_at,
      status: status(statusCodes.DATASET_VERSION_READY),
    },
    ...(JSON.parse(data) as JsonObject),
  };
}
