/** Routes of annotations. */

import { limits } from "../../clarifai/limits.js";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import type { AnnotationData, AnnotationRow, Fields, InputRow } from "../store/model.js";
import { newId, timestamp } from "../store/store.js";
import { type AnnotatedContent, checkFits } from "../wire/annotation-rules.js";
import { checkId } from "../wire/ids.js";
import { incomingAnnotation } from "../wire/incoming-annotation.js";
import { objectIn, objectsIn, textsIn } from "../wire/lenient-json.js";
import { outgoingAnnotation } from "../wire/outgoing.js";
import { doesNotExist, ItemRefusal, invalidRequest } from "../wire/refusals.js";
import { status } from "../wire/status.js";
import { type Call, type ItemResult, objectsOf, outgoing, overallStatus, pageOf, type Reply } from "./context.js";
import { setFields } from "./inputs/input-rows.js";
import { type Action, actionOf, patchFields, patchRegion } from "./patching.js";

const {
  ANNOTATION_SUCCESS,
  ANNOTATION_PENDING,
  ANNOTATION_FAILED,
  ANNOTATION_AWAITING_REVIEW,
  ANNOTATION_REVIEW_DENIED,
  ANNOTATION_AWAITING_CONSENSUS_REVIEW,
} = statusCodes;
/** The states that a request may give an annotation. */
const settableStatuses: ReadonlySet<number> = new Set([
  ...[ANNOTATION_SUCCESS, ANNOTATION_PENDING, ANNOTATION_FAILED],
  ...[ANNOTATION_AWAITING_REVIEW, ANNOTATION_REVIEW_DENIED, ANNOTATION_AWAITING_CONSENSUS_REVIEW],
]);

interface PatchOptions {
  action: Action;
  /** Deletes an annotation whose data become empty. */
  deleteIfEmpty: boolean;
}

/** POST …/annotations */
export function postAnnotations(call: Call): Reply {
  const values = objectsOf(call.body.annotations, "annotations");
  const results = call.services.store.transaction(() =>
    values.map((value) => resultOf(value, () => postOne(call, value))),
  );
  return { status: overallStatus(results, "annotations"), json: { annotations: results.map((item) => item.json) } };
}

function postOne(call: Call, value: JsonObject): JsonObject {
  const { services, app } = call;
  const inputId = String(value.input_id ?? "");
  const input = services.store.input(app.seq, inputId);
  if (!input) throw new ItemRefusal(statusCodes.INPUT_DOES_NOT_EXIST, `the input "${inputId}" does not exist`);
  if (services.strict && input.status !== statusCodes.INPUT_SUCCESS) {
    throw invalid(`the input "${inputId}" is not processed yet; wait for its status ${statusCodes.INPUT_SUCCESS}`);
  }
  if (value.input_level === true) {
    throw invalid(`the input "${inputId}" has its input-level annotation; PATCH …/inputs changes it`);
  }
  const annotation = incomingAnnotation(objectIn(value.data));
  checkFits(annotation.data, contentOf(input));
  const id = typeof value.id === "string" ? checkId("id", value.id) : newId();
  if (services.store.annotation(app.seq, inputId, id)) {
    throw invalid(`the annotation "${id}" of the input "${inputId}" already exists`);
  }
  const row = services.store.insertAnnotation(app.seq, inputId, annotation, {
    id,
    info: infoOf(value),
    status: statusCodeOf(value),
  });
  return outgoingAnnotation(row, undefined, outgoing(call));
}

/** GET …/annotations: newest first. */
export function listAnnotations(call: Call): Reply {
  const { services, app, parameters } = call;
  const { offset, size } = pageOf(parameters);
  const inputIds = textsIn(parameters.input_ids);
  const ids = textsIn(parameters.ids);
  checkPairs(ids, inputIds);
  const where = ["app = ?"];
  const values: (string | number)[] = [app.seq];
  if (ids.length > 0) {
    where.push(`(input_id, id) IN (VALUES ${ids.map(() => "(?, ?)").join(", ")})`);
    for (const [index, id] of ids.entries()) values.push(inputIds[index] as string, id);
  } else if (inputIds.length > 0) {
    where.push(`input_id IN (${inputIds.map(() => "?").join(", ")})`);
    values.push(...inputIds);
  }
  const codes = objectsIn(parameters.statuses)
    .map(({ code }) => code)
    .filter((code) => typeof code === "number");
  if (codes.length > 0) {
    where.push(`status IN (${codes.map(() => "?").join(", ")})`);
    values.push(...codes);
  }
  if (!includesUsers(parameters, app.user)) where.push("0");
  const sql = `SELECT * FROM annotations WHERE ${where.join(" AND ")} ORDER BY seq DESC LIMIT ? OFFSET ?`;
  const rows = services.store.all<AnnotationRow>(sql, ...values, size, offset);
  return { json: { annotations: rows.map((row) => withFields(call, row)) } };
}

/** Whether a listing includes the annotations of users. The emulator has no others, such as those of models. */
function includesUsers(parameters: JsonObject, user: string): boolean {
  const users = textsIn(parameters.user_ids);
  const others = [...textsIn(parameters.model_version_ids), ...textsIn(parameters.workflow_version_ids)];
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
  const results = call.services.store.transaction(() =>
    values.map((value) => resultOf(value, () => patchOne(call, value, { action, deleteIfEmpty }))),
  );
  return { status: overallStatus(results, "annotations"), json: { annotations: results.map((item) => item.json) } };
}

function patchOne(call: Call, value: JsonObject, { action, deleteIfEmpty }: PatchOptions): JsonObject {
  const { services, app } = call;
  const { store } = services;
  const inputId = String(value.input_id ?? "");
  const id = String(value.id ?? "");
  const row = store.annotation(app.seq, inputId, id);
  if (!row) throw new ItemRefusal(statusCodes.CONN_DOES_NOT_EXIST, missingText(inputId, id));
  const statusCode = statusCodeOf(value);
  const patch = isObject(value.data) ? incomingAnnotation(value.data) : undefined;
  if (patch && action !== "remove") store.ensureConcepts(app.seq, patch.concepts);
  if (patch && row.level === 1) {
    patchInputLevel(call, inputId, patch.data, action);
  } else if (patch) {
    const data = patchData(JSON.parse(row.data) as AnnotationData, patch.data, action, services.overwriteReading);
    if (deleteIfEmpty && Object.keys(data).length === 0) {
      store.run("DELETE FROM annotations WHERE seq = ?", row.seq);
      return { id, input_id: inputId, status: status(statusCodes.ANNOTATION_SUCCESS) };
    }
    if (action !== "remove") checkFits(data, contentOf(store.input(app.seq, inputId) as InputRow));
    store.run("UPDATE annotations SET data = ? WHERE seq = ?", JSON.stringify(data), row.seq);
  }
  store.run(
    "UPDATE annotations SET info = ?, status = ?, modified_at = ? WHERE seq = ?",
    ...[infoOf(value) ?? row.info, statusCode ?? row.status, timestamp(), row.seq],
  );
  return withFields(call, store.annotation(app.seq, inputId, id) as AnnotationRow);
}

/** The data of an input-level annotation are the fields of its input. */
function patchInputLevel(call: Call, inputId: string, patch: AnnotationData, action: Action): void {
  const { region, around, other, ...fields } = patch;
  if (region || around || other) {
    throw invalid("an input-level annotation holds concepts, metadata and a location, nothing else");
  }
  const input = call.services.store.input(call.app.seq, inputId) as InputRow;
  const existing = JSON.parse(input.fields) as Fields;
  setFields(call, input, patchFields(existing, fields, action, call.services.overwriteReading));
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

/** Patches data of other kinds (text, embeddings and so on): each is replaced or removed as a whole. */
function patchOther(existing: JsonObject | undefined, patch: JsonObject | undefined, action: Action) {
  if (action === "overwrite") return patch;
  if (action === "merge") return existing || patch ? { ...existing, ...patch } : undefined;
  const remaining = Object.entries(existing ?? {}).filter(([name]) => patch?.[name] === undefined);
  return remaining.length > 0 ? Object.fromEntries(remaining) : undefined;
}

/** DELETE …/inputs/{id}/annotations/{id} */
export function deleteAnnotation(call: Call): Reply {
  const row = annotationOf(call);
  if (row.level === 1) {
    throw invalidRequest("an input-level annotation is deleted with its input; DELETE …/inputs deletes both");
  }
  call.services.store.run("DELETE FROM annotations WHERE seq = ?", row.seq);
  return {};
}

/** DELETE …/inputs/annotations, DELETE …/annotations */
export function deleteAnnotations({ services, app, body }: Call): Reply {
  const inputIds = textsIn(body.input_ids);
  const ids = textsIn(body.ids);
  const { maxIdsPerRequest } = limits;
  if (inputIds.length === 0) throw invalidRequest("input_ids is empty");
  if (inputIds.length > maxIdsPerRequest) {
    throw invalidRequest(`input_ids has ${inputIds.length} items; the limit is ${maxIdsPerRequest}`);
  }
  checkPairs(ids, inputIds);
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
  if (!row) throw doesNotExist(missingText(inputId, id));
  return row;
}

/** Returns an annotation as answers show it. An input-level annotation has the fields of its input. */
export function withFields(call: Call, row: AnnotationRow): JsonObject {
  const input = row.level === 1 ? call.services.store.input(call.app.seq, row.input_id) : undefined;
  return outgoingAnnotation(row, input && (JSON.parse(input.fields) as Fields), outgoing(call));
}

/** Runs the work for one item. A refusal fails this item only. */
function resultOf(value: JsonObject, work: () => JsonObject): ItemResult {
  try {
    return { failed: false, json: work() };
  } catch (error) {
    if (!(error instanceof ItemRefusal)) throw error;
    const { id, input_id: inputId } = value;
    const ids: JsonObject = {
      ...(id === undefined ? {} : { id }),
      ...(inputId === undefined ? {} : { input_id: inputId }),
    };
    return { failed: true, json: { ...ids, status: error.status } };
  }
}

/** Each id of an annotation needs the id of its input. */
function checkPairs(ids: readonly string[], inputIds: readonly string[]): void {
  if (ids.length === 0 || ids.length === inputIds.length) return;
  throw invalidRequest(`ids (${ids.length}) and input_ids (${inputIds.length}) must have the same length`);
}

function missingText(inputId: string, id: string): string {
  return `the annotation "${id}" of the input "${inputId}" does not exist`;
}

function invalid(details: string): ItemRefusal {
  return new ItemRefusal(statusCodes.ANNOTATION_INVALID_ARGUMENT, details);
}

function contentOf({ kind, media }: InputRow): AnnotatedContent {
  return { kind, media: JSON.parse(media) as JsonObject };
}

function infoOf(value: JsonObject): string | null {
  return isObject(value.annotation_info) ? JSON.stringify(value.annotation_info) : null;
}

/** Returns the status of a request. @throws {ItemRefusal} 24155 for the status of something else, or of a failure */
function statusCodeOf(value: JsonObject): number | undefined {
  const code = isObject(value.status) ? value.status.code : undefined;
  if (typeof code !== "number") return undefined;
  if (settableStatuses.has(code)) return code;
  throw invalid(`status.code is ${code}; an annotation can have ${[...settableStatuses].join(", ")}`);
}
