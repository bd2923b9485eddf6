/** The route of exports of dataset versions. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import type { JsonObject } from "../../../core/util/json/json-values.js";
import { type ExportFormat, type ExportRow, exportFormats } from "../../export/dataset-exports.js";
import { exportPath } from "../../export/export-route.js";
import { invalidRequest } from "../../wire/refusals.js";
import { status } from "../../wire/status.js";
import { type Call, objectsOf, outgoing, type Reply } from "../context.js";
import { isReady, type VersionRow, versionOf } from "./rows.js";

/**
 * PUT …/datasets/{id}/versions/{id}/exports: asks for archives, or returns the state of those that were asked for. An archive is complete when its status
 * is that of success; until then it has no address.
 */
export function putDatasetVersionExports(call: Call): Reply {
  const { services, body } = call;
  const row = versionOf(call);
  const formats = objectsOf(body.exports, "exports").map(({ format, include_embeddings: embeddings }) => {
    if (embeddings === true) throw invalidRequest("the inputs of the emulator have no embeddings to export");
    if (Object.values(exportFormats).includes(format as ExportFormat)) return format as ExportFormat;
    throw invalidRequest(`the export format ${JSON.stringify(format ?? null)} is not known`);
  });
  if (!isReady(call, row)) {
    const pending = status(statusCodes.DATASET_VERSION_EXPORT_PENDING);
    return { json: { exports: formats.map((format) => ({ format, status: pending })) } };
  }
  const context = outgoing(call);
  return {
    json: {
      exports: formats.map((format) => outgoingExport(services.exports.request(row.seq, format, context), call)),
    },
  };
}

/** Returns the field of a version with its exports; no field without exports. */
export function exportInfoOf(call: Call, { seq }: VersionRow): { export_info?: JsonObject } {
  const rows = call.services.exports.of(seq);
  if (rows.length === 0) return {};
  const named = rows.map((row) => {
    const [name = ""] = Object.entries(exportFormats).find(([, format]) => format === row.format) ?? [];
    return [name.toLowerCase(), outgoingExport(row, call)];
  });
  return { export_info: Object.fromEntries(named) as JsonObject };
}

function outgoingExport({ format, status: code, details, token, size_bytes }: ExportRow, { base }: Call): JsonObject {
  const isDone = code === statusCodes.DATASET_VERSION_EXPORT_SUCCESS;
  const state: JsonObject = { format, status: status(code, details ?? undefined) };
  return isDone ? { ...state, url: `${base}${exportPath(token)}`, size: size_bytes } : state;
}
