/** The route that patches inputs. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { kinds } from "../../../core/input/kinds.js";
import { isObject, type Json, type JsonObject } from "../../../core/util/json/json-values.js";
import type { Fields, InputRow } from "../../store/model.js";
import { incomingConcepts, incomingFields } from "../../wire/incoming-fields.js";
import { objectIn } from "../../wire/lenient-json.js";
import { outgoingInput } from "../../wire/outgoing.js";
import { ItemRefusal } from "../../wire/refusals.js";
import { status } from "../../wire/status.js";
import { type Call, type ItemResult, objectsOf, outgoing, overallStatus, type Reply } from "../context.js";
import { type Action, actionOf, patchFields } from "../patching.js";
import { setFields } from "./input-rows.js";

/** PATCH …/inputs */
export function patchInputs(call: Call): Reply {
  const { services, body } = call;
  const action = actionOf(body);
  const values = objectsOf(body.inputs, "inputs");
  const results = services.store.transaction(() => values.map((value) => patchOne(call, value, action)));
  return { status: overallStatus(results, "inputs"), json: { inputs: results.map((item) => item.json) } };
}

function patchOne(call: Call, value: JsonObject, action: Action): ItemResult {
  const id = String(value.id ?? "");
  try {
    const json = patchInput(call, id, objectIn(value.data), action);
    return {
      failed: false,
      json: { ...json, status: status(statusCodes.INPUT_MODIFY_SUCCESS) },
    };
  } catch (error) {
    if (!(error instanceof ItemRefusal)) throw error;
    return { failed: true, json: { ...(id === "" ? {} : { id }), status: error.status } };
  }
}

function patchInput(call: Call, id: string, data: JsonObject, action: Action): JsonObject {
  const { app } = call;
  const { store, overwriteReading } = call.services;
  const row = store.input(app.seq, id);
  if (!row) throw new ItemRefusal(statusCodes.INPUT_DOES_NOT_EXIST, `the input "${id}" does not exist`);
  checkUnchanged(call, row, data);
  const patch = incomingFields(data);
  if (action !== "remove") store.ensureConcepts(app.seq, incomingConcepts(data.concepts));
  setFields(call, row, patchFields(JSON.parse(row.fields) as Fields, patch, action, overwriteReading));
  return outgoingInput(store.input(app.seq, id) as InputRow, outgoing(call));
}

/** A patch changes concepts, metadata and location only. It may contain the media of the input, if they are unchanged. */
function checkUnchanged(call: Call, row: InputRow, data: JsonObject): void {
  for (const name of ["regions", "frames", "time_segments"]) {
    if (data[name] !== undefined)
      throw invalid(`${name} are annotations of the input; PATCH …/annotations changes them`);
  }
  const stored = outgoingInput(row, outgoing(call)).data as JsonObject;
  for (const kind of kinds) {
    const medium = data[kind];
    if (!isObject(medium) || isSameMedium(call, row, medium, stored[kind])) continue;
    throw invalid(`the ${kind} of an input cannot be patched; post it under another id`);
  }
}

function isSameMedium(call: Call, row: InputRow, patch: JsonObject, stored: Json | undefined): boolean {
  if (!isObject(stored)) return false;
  const { url, raw, base64 } = patch;
  const sha256 = typeof base64 === "string" ? call.media(base64)?.sha256 : undefined;
  return (
    (url === undefined || isSameUrl(String(url), String(stored.url))) &&
    (raw === undefined || raw === stored.raw) &&
    (base64 === undefined || sha256 === row.sha256)
  );
}

/** Compares two URLs. A hosted URL is the same under each host name of the server. */
function isSameUrl(url: string, stored: string): boolean {
  const hosted = /\/media\/orig\/users\/.+$/.exec(stored)?.[0];
  return url === stored || (hosted !== undefined && url.endsWith(hosted));
}

function invalid(details: string): ItemRefusal {
  return new ItemRefusal(statusCodes.INPUT_INVALID_ARGUMENT, details);
}
