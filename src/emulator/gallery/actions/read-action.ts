/** Reads an action from a request, and checks it against the app. */

import { isObject, type JsonObject } from "../../../core/util/json/json-values.js";
import type { Call } from "../../routes/context.js";
import { datasetExists } from "../../routes/dataset-members.js";
import { postDatasets } from "../../routes/datasets.js";
import { checkId } from "../../wire/ids.js";
import { readMessage } from "../../wire/read-message.js";
import { invalidRequest } from "../../wire/refusals.js";
import { keysOf } from "./metadata-path.js";
import type { ActionRequest } from "./shapes.js";

/** Longest concept, key and dataset, in characters. */
const maxNameLength = 500;
/** Objects in each other that a key may name. */
const maxDepth = 20;
/** Longest value of metadata, in characters. */
const maxValueLength = 10_000;

/** Reads an action. A concept becomes its id. @throws {Refusal | ItemRefusal} if it is not valid, or its concept or dataset does not exist */
export function readAction(call: Call, value: unknown): ActionRequest {
  if (!isObject(value)) throw invalidRequest("the action must be an object");
  const { kind } = value;
  if (kind === "delete") return { kind };
  if (kind === "add-concept" || kind === "remove-concept") {
    return { kind, concept: conceptOf(call, textOf(value, "concept"), kind === "add-concept") };
  }
  if (kind === "set-metadata") return { kind, key: keyOf(value), value: scalarOf(value) };
  if (kind === "remove-metadata") return { kind, key: keyOf(value) };
  if (kind === "add-to-dataset" || kind === "remove-from-dataset") {
    const dataset = checkId("dataset id", textOf(value, "dataset"));
    const exists = datasetExists(call, dataset);
    if (!exists && kind === "remove-from-dataset") throw invalidRequest(`the dataset "${dataset}" does not exist`);
    return { kind, dataset };
  }
  throw invalidRequest("the kind of the action is not known");
}

/** Creates the dataset of an action if it does not exist yet. */
export function ensureDatasetOf(call: Call, action: ActionRequest): void {
  if (action.kind !== "add-to-dataset" || datasetExists(call, action.dataset)) return;
  const body = readMessage({ datasets: [{ id: action.dataset }] }, "PostDatasets", { strict: true });
  postDatasets({ ...call, body });
}

/** Returns the id of a concept by its id or its name. A new concept has its name as its id. */
function conceptOf({ services, app }: Call, text: string, mayBeNew: boolean): string {
  const names = services.store.names(app.seq);
  if (names.has(text)) return text;
  const ids = [...names].filter(([, name]) => name === text).map(([id]) => id);
  if (ids.length > 1) throw invalidRequest(`several concepts are called "${text}"; enter an id: ${ids.join(", ")}`);
  if (ids[0] !== undefined) return ids[0];
  if (!mayBeNew) throw invalidRequest(`no concept is called "${text}"`);
  return checkId("concept id", text);
}

function textOf(value: JsonObject, name: string): string {
  const text = value[name];
  if (typeof text !== "string" || text.trim() === "") throw invalidRequest(`${name} is empty`);
  if (text.length > maxNameLength) throw invalidRequest(`${name} has more than ${maxNameLength} characters`);
  if (!text.isWellFormed()) throw invalidRequest(`${name} has half of a surrogate pair`);
  return text;
}

function keyOf(value: JsonObject): string {
  const key = textOf(value, "key");
  const parts = keysOf(key);
  if (parts.some((part) => part === "")) throw invalidRequest(`the key "${key}" has an empty part`);
  if (parts.length > maxDepth) throw invalidRequest(`the key names more than ${maxDepth} objects in each other`);
  return key;
}

function scalarOf({ value }: JsonObject): string | number | boolean {
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "string") throw invalidRequest("the value must be a text, a number, true or false");
  if (value.length > maxValueLength) throw invalidRequest(`the value has more than ${maxValueLength} characters`);
  if (!value.isWellFormed()) throw invalidRequest("the value has half of a surrogate pair");
  return value;
}
