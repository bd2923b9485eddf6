/** Routes of annotations. */

import { checkId, ItemRefusal, incomingAnnotation, isObject } from "../server/incoming.js";
import { outgoingAnnotation } from "../server/outgoing.js";
import { Refusal, status } from "../server/status.js";
import type { AnnotationData, AnnotationRow, Fields, InputRow, JsonObject } from "../store/model.js";
import { newId, timestamp } from "../store/store.js";
import { type Call, objectsOf, outgoing, overall, pageOf, type Reply, textsOf } from "./context.js";
import { actionOf, setFields } from "./inputs.js";
import { type Action, patchFields, patchRegion } from "./patching.js";

interface Done {
  failed: boolean;
  json: JsonObject;
}

/** POST …/annotations */
export function postAnnotations(call: Call): Reply {
  const values = objectsOf(call.body.annotations, "annotations");
  const done = call.services.store.transaction(() => values.map((value) => guarded(value, () => postOne(call, value))));
  return { status: overall(done, "annotations"), json: { annotations: done.map((item) => item.json) } };
}

function postOne(call: Call, value: JsonObject): JsonObject {
  const { services, app } = call;
  const inputId = String(value.input_id ?? "");
  const input = services.store.input(app.seq, inputId);
  if (!input) throw new ItemRefusal(30102, `the input "${inputId}" does not exist`);
  if (services.strict && input.status !== 30000) {
    throw new ItemRefusal(24155, `the input "${inputId}" is not processed`);
  }
  if (value.input_level === true) {
    throw new ItemRefusal(24155, `the input "${inputId}" has its input-level annotation; PATCH …/inputs changes it`);
  }
  const annotation = incomingAnnotation(isObject(value.data) ? value.data : {});
  const id = typeof value.id === "string" ? checkId("id", value.id) : newId();
  if (services.store.annotation(app.seq, inputId, id)) {
    throw new ItemRefusal(24155, `the annotation "${id}" of the input "${inputId}" exists already`);
  }
  const row = services.store.insertAnnotation(app.seq, inputId, annotation, {
    id,
    info: infoOf(value),
    status: statusCodeOf(value),
  });
  return outgoingAnnotation(row, undefined, outgoing(call));
}

/** GET …/annotations: newest first */
export function listAnnotations(call: Call): Reply {
  const { services, app, parameters } = call;
  const { offset, size } = pageOf(parameters);
  const inputIds = textsOf(parameters.input_ids);
  const ids = textsOf(parameters.ids);
  if (ids.length > 0 && ids.length !== inputIds.length) throw pairing(ids, inputIds);
  const where = ["app = ?"];
  const values: (string | number)[] = [app.seq];
  if (ids.length > 0) {
    where.push(`(input_id, id) IN (VALUES ${ids.map(() => "(?, ?)").join(", ")})`);
    for (const [index, id] of ids.entries()) values.push(inputIds[index] as string, id);
  } else if (inputIds.length > 0) {
    where.push(`input_id IN (${inputIds.map(() => "?").join(", ")})`);
    values.push(...inputIds);
  }
  const statuses = Array.isArray(parameters.statuses) ? parameters.statuses.filter(isObject) : [];
  const codes = statuses.map((wanted) => wanted.code).filter((code) => typeof code === "number");
  if (codes.length > 0) {
    where.push(`status IN (${codes.map(() => "?").join(", ")})`);
    values.push(...codes);
  }
  if (!mayBeListed(parameters, app.user)) where.push("0");
  const sql = `SELECT * FROM annotations WHERE ${where.join(" AND ")} ORDER BY seq DESC LIMIT ? OFFSET ?`;
  const rows = services.store.all<AnnotationRow>(sql, ...values, size, offset);
  return { json: { annotations: rows.map((row) => withFields(call, row)) } };
}

/** Whether annotations that users made, all those of the app's own, are among what is asked for. */
function mayBeListed(parameters: JsonObject, user: string): boolean {
  const users = textsOf(parameters.user_ids);
  const others = [...textsOf(parameters.model_version_ids), ...textsOf(parameters.workflow_version_ids)];
  return parameters.task_id === undefined && (users.length === 0 ? others.length === 0 : users.includes(user));
}

/** GET …/inputs/{id}/annotations/{id} */
export function getAnnotation(call: Call): Reply {
  return { json: { annotation: withFields(call, annotationOf(call)) } };
}

/** PATCH …/annotations */
export function patchAnnotations(call: Call): Reply {
  const action = actionOf(call.body);
  const deleteIfEmpty = call.body.delete_if_empty_data === true;
  const values = objectsOf(call.body.annotations, "annotations");
  const done = call.services.store.transaction(() =>
    values.map((value) => guarded(value, () => patchOne(call, value, action, deleteIfEmpty))),
  );
  return { status: overall(done, "annotations"), json: { annotations: done.map((item) => item.json) } };
}

function patchOne(call: Call, value: JsonObject, action: Action, deleteIfEmpty: boolean): JsonObject {
  const { services, app } = call;
  const inputId = String(value.input_id ?? "");
  const id = String(value.id ?? "");
  const row = services.store.annotation(app.seq, inputId, id);
  if (!row) throw new ItemRefusal(11101, `the annotation "${id}" of the input "${inputId}" does not exist`);
  const given = isObject(value.data) ? incomingAnnotation(value.data) : undefined;
  const reading = services.overwriteReading;
  if (given && action !== "remove") services.store.ensureConcepts(app.seq, given.concepts);
  if (row.level === 1) {
    const input = services.store.input(app.seq, inputId) as InputRow;
    if (given) {
      const { region, around, other, ...fields } = given.data;
      if (region || around || other) {
        throw new ItemRefusal(24155, "an input-level annotation holds concepts, metadata and a location, nothing else");
      }
      setFields(call, input, patchFields(JSON.parse(input.fields) as Fields, fields, action, reading));
    }
  } else {
    const data = JSON.parse(row.data) as AnnotationData;
    const patched = given ? patchData(data, given.data, action, reading) : data;
    const isEmpty = Object.keys(patched).length === 0;
    if (isEmpty && given && deleteIfEmpty) {
      services.store.run("DELETE FROM annotations WHERE seq = ?", row.seq);
      return { id, input_id: inputId, status: status(24150) as unknown as JsonObject };
    }
    services.store.run("UPDATE annotations SET data = ? WHERE seq = ?", JSON.stringify(patched), row.seq);
  }
  services.store.run(
    "UPDATE annotations SET info = ?, status = ?, modified_at = ? WHERE seq = ?",
    ...[infoOf(value) ?? row.info, statusCodeOf(value) ?? row.status, timestamp(), row.seq],
  );
  return withFields(call, services.store.annotation(app.seq, inputId, id) as AnnotationRow);
}

function patchData(
  existing: AnnotationData,
  patch: AnnotationData,
  action: Action,
  reading: "new" | "old",
): AnnotationData {
  const { region, around, other, ...fields } = existing;
  const { region: newRegion, around: newAround, other: newOther, ...newFields } = patch;
  const patchedRegion = patchRegion(region, newRegion, action, newId);
  const patchedAround = action === "overwrite" ? newAround : (newAround ?? around);
  const patchedOther = patchOther(other, newOther, action);
  return {
    ...patchFields(fields, newFields, action, reading),
    ...(patchedOther ? { other: patchedOther } : {}),
    ...(patchedRegion ? { region: patchedRegion } : {}),
    ...(patchedAround && (patchedRegion || action !== "remove") ? { around: patchedAround } : {}),
  };
}

/** Data of other kinds go by their names: each is replaced or removed as a unit. */
function patchOther(existing: JsonObject | undefined, patch: JsonObject | undefined, action: Action) {
  if (action === "overwrite") return patch;
  if (action === "merge") return existing || patch ? { ...existing, ...patch } : undefined;
  const left = Object.entries(existing ?? {}).filter(([name]) => patch?.[name] === undefined);
  return left.length > 0 ? Object.fromEntries(left) : undefined;
}

/** DELETE …/inputs/{id}/annotations/{id} */
export function deleteAnnotation(call: Call): Reply {
  const row = annotationOf(call);
  if (row.level === 1) throw new Refusal(11102, "the annotation of the input itself goes with its input");
  call.services.store.run("DELETE FROM annotations WHERE seq = ?", row.seq);
  return {};
}

/** DELETE …/inputs/annotations, DELETE …/annotations */
export function deleteAnnotations({ services, app, body }: Call): Reply {
  const inputIds = textsOf(body.input_ids);
  const ids = textsOf(body.ids);
  if (inputIds.length === 0) throw new Refusal(11102, "input_ids is empty");
  if (inputIds.length > 128) throw new Refusal(11102, `input_ids has ${inputIds.length} items; the limit is 128`);
  if (ids.length > 0 && ids.length !== inputIds.length) throw pairing(ids, inputIds);
  services.store.transaction(() => {
    inputIds.forEach((inputId, index) => {
      const id = ids[index];
      const sql = "DELETE FROM annotations WHERE app = ? AND input_id = ? AND level = 0";
      if (id === undefined) services.store.run(sql, app.seq, inputId);
      else services.store.run(`${sql} AND id = ?`, app.seq, inputId, id);
    });
  });
  return {};
}

function annotationOf({ services, app, parts }: Call): AnnotationRow {
  const [inputId = "", id = ""] = parts;
  const row = services.store.annotation(app.seq, inputId, id);
  if (!row) throw new Refusal(11101, `the annotation "${id}" of the input "${inputId}" does not exist`);
  return row;
}

/** An annotation as answers show it; that of an input itself has the input's fields. */
export function withFields(call: Call, row: AnnotationRow): JsonObject {
  const input = row.level === 1 ? call.services.store.input(call.app.seq, row.input_id) : undefined;
  return outgoingAnnotation(row, input && (JSON.parse(input.fields) as Fields), outgoing(call));
}

function guarded(value: JsonObject, work: () => JsonObject): Done {
  try {
    return { failed: false, json: work() };
  } catch (error) {
    if (!(error instanceof ItemRefusal)) throw error;
    const { id, input_id: inputId } = value;
    const named: JsonObject = {
      ...(id === undefined ? {} : { id }),
      ...(inputId === undefined ? {} : { input_id: inputId }),
    };
    return { failed: true, json: { ...named, status: error.status as unknown as JsonObject } };
  }
}

function pairing(ids: readonly string[], inputIds: readonly string[]): Refusal {
  return new Refusal(11102, `ids (${ids.length}) and input_ids (${inputIds.length}) must have the same length`);
}

function infoOf(value: JsonObject): string | null {
  return isObject(value.annotation_info) ? JSON.stringify(value.annotation_info) : null;
}

function statusCodeOf(value: JsonObject): number | undefined {
  const code = isObject(value.status) ? value.status.code : undefined;
  return typeof code === "number" ? code : undefined;
}
