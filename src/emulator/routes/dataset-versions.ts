/** Routes of dataset versions: the counts of a dataset at a moment, from which clients read how an upload went. */

import { checkId } from "../server/incoming.js";
import { Refusal, status } from "../server/status.js";
import { type AnnotationData, type Fields, type InputRow, type JsonObject, mediaKinds } from "../store/model.js";
import { newId, timestamp } from "../store/store.js";
import { type Call, objectsOf, pageOf, type Reply, textsOf } from "./context.js";
import { datasetOf } from "./datasets.js";

interface VersionRow {
  id: string;
  data: string;
  metrics: string;
  created_at: string;
}

/** How metrics are grouped, by the numbers of the definition. */
const byInputType = 2;
const byConcept = 10;

/** POST …/datasets/{id}/versions: ready at once */
export function postDatasetVersions(call: Call): Reply {
  const { services, app, body } = call;
  const dataset = datasetOf(call);
  const values = objectsOf(body.dataset_versions, "dataset_versions");
  const ids = services.store.transaction(() =>
    values.map((value) => {
      const id = typeof value.id === "string" ? checkId("dataset version id", value.id) : newId();
      if (rowOf(call, id)) throw new Refusal(11102, `duplicate dataset version: "${id}" exists already`);
      const { description, metadata } = value;
      const data = JSON.stringify({ description, metadata });
      const sql =
        "INSERT INTO dataset_versions (app, dataset, id, data, metrics, created_at) VALUES (?, ?, ?, ?, ?, ?)";
      const metrics = JSON.stringify(metricsOf(call, dataset.id));
      services.store.run(sql, app.seq, dataset.id, id, data, metrics, timestamp());
      return id;
    }),
  );
  return { json: { dataset_versions: ids.map((id) => shown(call, versionOf(call, id))) } };
}

/** GET …/datasets/{id}/versions */
export function listDatasetVersions(call: Call): Reply {
  const { services, app, parameters } = call;
  const { offset, size } = pageOf(parameters);
  const sql = "SELECT * FROM dataset_versions WHERE app = ? AND dataset = ? ORDER BY seq DESC LIMIT ? OFFSET ?";
  const rows = services.store.all<VersionRow>(sql, app.seq, datasetOf(call).id, size, offset);
  return { json: { dataset_versions: rows.map((row) => shown(call, row)) } };
}

/** GET …/datasets/{id}/versions/{id} */
export function getDatasetVersion(call: Call): Reply {
  return { json: { dataset_version: shown(call, versionOf(call)) } };
}

/** DELETE …/datasets/{id}/versions */
export function deleteDatasetVersions(call: Call): Reply {
  const { services, app, body } = call;
  const { id: dataset } = datasetOf(call);
  const ids = textsOf(body.dataset_version_ids);
  if (ids.length === 0) throw new Refusal(11102, "dataset_version_ids is empty");
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
  throw new Refusal(10040, "the emulator exports no datasets; list the inputs of the dataset, and download them");
}

function rowOf({ services, app, parts }: Call, id: string): VersionRow | undefined {
  const sql = "SELECT * FROM dataset_versions WHERE app = ? AND dataset = ? AND id = ?";
  return services.store.get<VersionRow>(sql, app.seq, parts[0] ?? "", id);
}

function versionOf(call: Call, id = call.parts[1] ?? ""): VersionRow {
  const row = rowOf(call, id);
  if (!row) throw new Refusal(11101, `the version "${id}" of the dataset "${call.parts[0]}" does not exist`);
  return row;
}

function shown({ app, parts }: Call, { id, data, created_at }: VersionRow): JsonObject {
  return {
    ...{ id, app_id: app.id, user_id: app.user, dataset_id: parts[0] ?? "" },
    ...{ created_at, modified_at: created_at, status: status(64015) as unknown as JsonObject },
    ...(JSON.parse(data) as JsonObject),
  };
}

/** The counts of the whole dataset, of each type of input and of each concept. */
function metricsOf({ services, app }: Call, dataset: string): JsonObject[] {
  const { store } = services;
  const sql = `SELECT inputs.* FROM dataset_inputs JOIN inputs ON inputs.seq = dataset_inputs.input
    WHERE dataset_inputs.app = ? AND dataset = ? ORDER BY inputs.seq`;
  const total = new Metrics();
  const byKind = new Map(mediaKinds.map((kind) => [kind as string, new Metrics()]));
  const concepts = new Map<string, Metrics>();
  for (const row of store.all<InputRow>(sql, app.seq, dataset)) {
    const fields = JSON.parse(row.fields) as Fields;
    const posted = store
      .all<{ data: string }>(
        "SELECT data FROM annotations WHERE app = ? AND input_id = ? AND level = 0",
        app.seq,
        row.id,
      )
      .map(({ data }) => JSON.parse(data) as AnnotationData);
    total.add(fields, posted);
    byKind.get(row.kind)?.add(fields, posted);
    const ids = [fields, ...posted].flatMap(({ concepts = [], region }: AnnotationData) => [
      ...concepts,
      ...(region?.concepts ?? []),
    ]);
    for (const id of new Set(ids.map((concept) => concept.id))) {
      const metrics = concepts.get(id) ?? new Metrics();
      metrics.add(fields, posted, id);
      concepts.set(id, metrics);
    }
  }
  return [
    { value: "total", metrics: total.counts },
    ...[...byKind].map(([value, { counts }]) => ({ type: byInputType, value, metrics: counts })),
    ...[...concepts].map(([value, { counts }]) => ({ type: byConcept, value, metrics: counts })),
  ];
}

/** Counts of inputs and of their annotations. */
class Metrics {
  readonly counts = {
    ...{ inputs_count: 0, unlabeled_inputs_count: 0, inputs_with_metadata_count: 0, inputs_with_geo_count: 0 },
    ...{ regions_count: 0, bounding_boxes_count: 0, polygons_count: 0, points_count: 0, masks_count: 0 },
    ...{ region_inputs_count: 0, frames_count: 0, frame_inputs_count: 0 },
    ...{ positive_input_tags_count: 0, positive_region_tags_count: 0 },
  };

  /** Adds an input; of a concept, with those of its annotations that have the concept. */
  add({ concepts = [], metadata, geo }: Fields, posted: readonly AnnotationData[], only?: string): void {
    const { counts } = this;
    const isCounted = ({ id, value }: { id: string; value: number }) => value > 0 && (only ?? id) === id;
    const whole = [...concepts, ...posted.flatMap((data) => (data.region ? [] : (data.concepts ?? [])))];
    const drawn = posted.filter(
      ({ region }) => region && (only === undefined || region.concepts.some(({ id }) => id === only)),
    );
    const framed = posted.filter(({ around }) => around?.in === "frames");
    const withShape = (name: string) => drawn.filter(({ region }) => region?.region_info?.[name] !== undefined).length;
    counts.inputs_count += 1;
    counts.unlabeled_inputs_count += whole.length === 0 && posted.length === 0 ? 1 : 0;
    counts.inputs_with_metadata_count += metadata ? 1 : 0;
    counts.inputs_with_geo_count += geo ? 1 : 0;
    counts.regions_count += drawn.length;
    counts.region_inputs_count += drawn.length > 0 ? 1 : 0;
    counts.frames_count += framed.length;
    counts.frame_inputs_count += framed.length > 0 ? 1 : 0;
    counts.bounding_boxes_count += withShape("bounding_box");
    counts.polygons_count += withShape("polygon");
    counts.points_count += withShape("point");
    counts.masks_count += withShape("mask");
    counts.positive_input_tags_count += whole.filter(isCounted).length;
    counts.positive_region_tags_count += drawn.flatMap(({ region }) => region?.concepts ?? []).filter(isCounted).length;
  }
}
