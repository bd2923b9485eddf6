/** The inputs of a dataset version, as they were when it was made. */

import type { JsonObject } from "../../core/util/json/json-values.js";
import type { AnnotationData, Fields, InputRow } from "../store/model.js";
import type { Store } from "../store/store.js";

/** One input of a version: its row, and the fields and annotations that it had. */
export interface SnapshotInput {
  row: InputRow;
  fields: Fields;
  annotations: readonly AnnotationData[];
}

/** Inputs that are read at once. */
const pageSize = 128;

/** Records the members of a dataset with their fields and posted annotations. */
export function takeSnapshot(store: Store, app: number, dataset: string, version: number): void {
  const sql = `INSERT INTO dataset_version_inputs (app, version, input, fields, annotations)
    SELECT inputs.app, ?, inputs.seq, inputs.fields, coalesce((SELECT json_group_array(json(data)) FROM (SELECT data FROM annotations
      WHERE annotations.app = inputs.app AND annotations.input_id = inputs.id AND level = 0 ORDER BY annotations.seq)), '[]')
    FROM dataset_inputs JOIN inputs ON inputs.seq = dataset_inputs.input WHERE dataset_inputs.app = ? AND dataset = ?`;
  store.run(sql, version, app, dataset);
}

/** Deletes the records of versions. */
export function dropSnapshots(store: Store, versions: readonly number[]): void {
  for (const version of versions) store.run("DELETE FROM dataset_version_inputs WHERE version = ?", version);
}

/** Yields the inputs of a version that still exist, in the order in which they were added to the app. */
export function* snapshotOf(store: Store, version: number): Generator<SnapshotInput, void> {
  const sql = `SELECT inputs.*, snapshot.fields AS old_fields, snapshot.annotations AS old_annotations
    FROM dataset_version_inputs AS snapshot JOIN inputs ON inputs.seq = snapshot.input
    WHERE snapshot.version = ? AND snapshot.input > ? ORDER BY snapshot.input LIMIT ?`;
  for (let last = 0; ; ) {
    const rows = store.all<InputRow & { old_fields: string; old_annotations: string }>(sql, version, last, pageSize);
    for (const { old_fields, old_annotations, ...row } of rows) {
      const fields = JSON.parse(old_fields) as Fields;
      yield { row, fields, annotations: JSON.parse(old_annotations) as AnnotationData[] };
    }
    const end = rows.at(-1);
    if (!end || rows.length < pageSize) return;
    last = end.seq;
  }
}

/** Joins the data of an input and of its annotations: lists are joined, and each concept is named once. */
export function joinData(parts: readonly JsonObject[]): JsonObject {
  const joined: JsonObject = {};
  for (const part of parts) {
    for (const [name, value] of Object.entries(part)) {
      const before = joined[name];
      if (!Array.isArray(before) || !Array.isArray(value)) joined[name] ??= value;
      else if (name !== "concepts") joined[name] = [...before, ...value];
      else joined[name] = [...before, ...value.filter((one) => !before.some((other) => idIn(other) === idIn(one)))];
    }
  }
  return joined;
}

function idIn(concept: unknown): unknown {
  return (concept as JsonObject).id;
}
