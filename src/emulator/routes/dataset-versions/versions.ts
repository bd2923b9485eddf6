/** Routes of dataset versions: the inputs of a dataset, and their counts, at one moment. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import type { JsonObject } from "../../../core/util/json/json-values.js";
import { takeSnapshot } from "../../export/snapshot.js";
import { newId, timestamp } from "../../store/store.js";
import { checkId } from "../../wire/ids.js";
import { textsIn } from "../../wire/lenient-json.js";
import { invalidRequest } from "../../wire/refusals.js";
import { status } from "../../wire/status.js";
import { type Call, objectsOf, pageOf, type Reply } from "../context.js";
import { datasetOf } from "../datasets.js";
import { actionOf, patchObject } from "../patching.js";
import { exportInfoOf } from "./exports.js";
import { metricsOf } from "./metrics.js";
import { isReady, removeVersions, rowOf, type VersionRow, versionOf } from "./rows.js";

/** POST …/datasets/{id}/versions: adds all versions, or none if one is invalid. */
export function postDatasetVersions(call: Call): Reply {
  const { services, app, body } = call;
  const { store } = services;
  const dataset = datasetOf(call);
  const values = objectsOf(body.dataset_versions, "dataset_versions");
  const ids = store.transaction(() =>
    values.map((value) => {
      const id = typeof value.id === "string" ? checkId("dataset version id", value.id) : newId();
      if (rowOf(call, id)) throw invalidRequest(`duplicate dataset version: "${id}" already exists`);
      const sql =
        "INSERT INTO dataset_versions (app, dataset, id, data, metrics, created_at) VALUES (?, ?, ?, ?, ?, ?)";
      const metrics = JSON.stringify(metricsOf(call, dataset.id));
      store.run(sql, app.seq, dataset.id, id, JSON.stringify(settableFields(value)), metrics, timestamp());
      takeSnapshot(store, app.seq, dataset.id, versionOf(call, id).seq);
      return id;
    }),
  );
  const created = ids.map((id) => versionOf(call, id));
  // The answer has the state at the creation, however long this request took.
  return { json: { dataset_versions: created.map((row) => outgoingVersion(call, row, Date.parse(row.created_at))) } };
}

/** PATCH …/datasets/{id}/versions: patches all versions, or none if one is invalid. */
export function patchDatasetVersions(call: Call): Reply {
  const { services, body } = call;
  const action = actionOf(body);
  if (action === "remove") throw invalidRequest("the actions for dataset versions are merge and overwrite");
  const values = objectsOf(body.dataset_versions, "dataset_versions");
  services.store.transaction(() => {
    for (const value of values) {
      const row = versionOf(call, String(value.id ?? ""));
      const patch = settableFields(value);
      const data = action === "overwrite" ? patch : patchObject(JSON.parse(row.data) as JsonObject, patch, "merge");
      services.store.run("UPDATE dataset_versions SET data = ? WHERE seq = ?", JSON.stringify(data), row.seq);
    }
  });
  return {
    json: { dataset_versions: values.map((value) => outgoingVersion(call, versionOf(call, String(value.id)))) },
  };
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
  const { id: dataset } = datasetOf(call);
  const ids = textsIn(call.body.dataset_version_ids);
  if (ids.length === 0) throw invalidRequest("dataset_version_ids is empty");
  call.services.store.transaction(() => removeVersions(call, dataset, ids));
  return {};
}

/** GET …/datasets/{id}/versions/{id}/metrics. A version that is not ready has none. */
export function listDatasetVersionMetrics(call: Call): Reply {
  const { offset, size } = pageOf(call.parameters);
  const row = versionOf(call);
  const groups = isReady(call, row) ? (JSON.parse(row.metrics) as JsonObject[]) : [];
  return { json: { dataset_version_metrics_groups: groups.slice(offset, offset + size) } };
}

/** Returns the fields of a version that a request can set. */
function settableFields({ description, metadata, visibility }: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify({ description, metadata, visibility })) as JsonObject;
}

function outgoingVersion(call: Call, row: VersionRow, at?: number): JsonObject {
  const { app, parts } = call;
  const { id, data, created_at } = row;
  const code = isReady(call, row, at) ? statusCodes.DATASET_VERSION_READY : statusCodes.DATASET_VERSION_PENDING;
  return {
    ...{ id, app_id: app.id, user_id: app.user, dataset_id: parts[0] ?? "" },
    ...{ created_at, modified_at: created_at, status: status(code), ...exportInfoOf(call, row) },
    ...(JSON.parse(data) as JsonObject),
  };
}
