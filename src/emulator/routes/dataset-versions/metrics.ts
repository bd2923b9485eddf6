/** The metrics of dataset versions: counts of inputs, labels and regions. */

import { kinds } from "../../../core/input/kinds.js";
import type { JsonObject } from "../../../core/util/json/json-values.js";
import type { AnnotationData, Fields, InputRow } from "../../store/model.js";
import type { Store } from "../../store/store.js";
import type { Call } from "../context.js";

/** The groups of metrics, by the numbers of the definition. */
const metricTypes = { inputType: 2, concept: 10 };

/** Counts the whole dataset, each kind of input and each concept. */
export function metricsOf({ services, app }: Call, dataset: string): JsonObject[] {
  const { store } = services;
  const sql = `SELECT inputs.* FROM dataset_inputs JOIN inputs ON inputs.seq = dataset_inputs.input
    WHERE dataset_inputs.app = ? AND dataset = ? ORDER BY inputs.seq`;
  const total = new Metrics();
  const byKind = new Map(kinds.map((kind) => [kind as string, new Metrics()]));
  const byConcept = new Map<string, Metrics>();
  for (const row of store.all<InputRow>(sql, app.seq, dataset)) {
    const fields = JSON.parse(row.fields) as Fields;
    const posted = postedAnnotations(store, row);
    total.add(fields, posted);
    byKind.get(row.kind)?.add(fields, posted);
    for (const id of conceptIds([fields, ...posted])) {
      const metrics = byConcept.get(id) ?? new Metrics();
      metrics.add(fields, posted, id);
      byConcept.set(id, metrics);
    }
  }
  return [
    { value: "total", metrics: total.counts },
    ...[...byKind].map(([value, { counts }]) => ({ type: metricTypes.inputType, value, metrics: counts })),
    ...[...byConcept].map(([value, { counts }]) => ({ type: metricTypes.concept, value, metrics: counts })),
  ];
}

function postedAnnotations(store: Store, row: InputRow): AnnotationData[] {
  const sql = "SELECT data FROM annotations WHERE app = ? AND input_id = ? AND level = 0";
  return store.all<{ data: string }>(sql, row.app, row.id).map(({ data }) => JSON.parse(data) as AnnotationData);
}

function conceptIds(annotations: readonly AnnotationData[]): Set<string> {
  const concepts = annotations.flatMap(({ concepts = [], region }) => [...concepts, ...(region?.concepts ?? [])]);
  return new Set(concepts.map(({ id }) => id));
}

/** Counts of inputs and of their annotations. */
class Metrics {
  readonly counts = {
    ...{ inputs_count: 0, unlabeled_inputs_count: 0, inputs_with_metadata_count: 0, inputs_with_geo_count: 0 },
    ...{ regions_count: 0, bounding_boxes_count: 0, polygons_count: 0, points_count: 0, masks_count: 0 },
    ...{ region_inputs_count: 0, frames_count: 0, frame_inputs_count: 0 },
    ...{ positive_input_tags_count: 0, positive_region_tags_count: 0 },
  };

  /** Adds an input. With `only`, the regions and tags of other concepts are not counted. */
  add({ concepts = [], metadata, geo }: Fields, posted: readonly AnnotationData[], only?: string): void {
    const { counts } = this;
    const isCounted = ({ id, value }: { id: string; value: number }) => value > 0 && (only ?? id) === id;
    const whole = [...concepts, ...posted.flatMap((data) => (data.region ? [] : (data.concepts ?? [])))];
    const regions = posted.filter(
      ({ region }) => region && (only === undefined || region.concepts.some(({ id }) => id === only)),
    );
    const framed = posted.filter(({ around }) => around?.in === "frames");
    const withShape = (name: string) =>
      regions.filter(({ region }) => region?.region_info?.[name] !== undefined).length;
    counts.inputs_count += 1;
    counts.unlabeled_inputs_count += whole.length === 0 && posted.length === 0 ? 1 : 0;
    counts.inputs_with_metadata_count += metadata ? 1 : 0;
    counts.inputs_with_geo_count += geo ? 1 : 0;
    counts.regions_count += regions.length;
    counts.region_inputs_count += regions.length > 0 ? 1 : 0;
    counts.frames_count += framed.length;
    counts.frame_inputs_count += framed.length > 0 ? 1 : 0;
    counts.bounding_boxes_count += withShape("bounding_box");
    counts.polygons_count += withShape("polygon");
    counts.points_count += withShape("point");
    counts.masks_count += withShape("mask");
    counts.positive_input_tags_count += whole.filter(isCounted).length;
    counts.positive_region_tags_count += regions
      .flatMap(({ region }) => region?.concepts ?? [])
      .filter(isCounted).length;
  }
}
