/** Converts dataset versions, their metrics and their exports from the JSON of the API. */

import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import type { DatasetExport, DatasetExportFormat, DatasetMetrics, DatasetVersion } from "../client/app-types.js";
import { statusFrom } from "./status.js";

/** The names of the formats in the API. */
export const exportFormats: Readonly<Record<DatasetExportFormat, string>> = {
  clarifai_data_protobuf: "CLARIFAI_DATA_PROTOBUF",
  clarifai_data_json: "CLARIFAI_DATA_JSON",
  coco: "COCO",
};

type Wire = Record<string, unknown>;

export function datasetVersionFromWire({
  id,
  description,
  metadata,
  status,
  created_at: createdAt,
}: Wire): DatasetVersion {
  return {
    id: String(id ?? ""),
    ...(typeof description === "string" && description !== "" ? { description } : {}),
    ...(isObject(metadata) ? { metadata: metadata as JsonObject } : {}),
    status: statusFrom(status),
    ...(typeof createdAt === "string" ? { createdAt } : {}),
  };
}

/** Reads a group of metrics. JSON of the API writes counts as numbers or as texts. */
export function datasetMetricsFromWire({ type, value, metrics }: Wire): DatasetMetrics {
  const counts = Object.entries(isObject(metrics) ? metrics : {}).flatMap(([name, count]) => {
    const number = typeof count === "string" ? Number(count) : count;
    return typeof number === "number" && Number.isFinite(number) ? [[name, number]] : [];
  });
  return {
    ...(type === undefined ? {} : { type: type as string | number }),
    value: value as DatasetMetrics["value"],
    counts: Object.fromEntries(counts) as Record<string, number>,
  };
}

export function datasetExportFromWire(format: DatasetExportFormat, { status, url, size }: Wire): DatasetExport {
  return {
    format,
    status: statusFrom(status),
    ...(typeof url === "string" && url !== "" ? { url } : {}),
    ...(size === undefined ? {} : { sizeBytes: Number(size) }),
  };
}
