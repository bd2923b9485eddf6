/** Actions that change concepts and metadata of an input, as patches of the API. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import type { Json, JsonObject } from "../../../core/util/json/json-values.js";
import type { Call } from "../../routes/context.js";
import { patchInputs } from "../../routes/inputs/patch-inputs.js";
import { patchFields } from "../../routes/patching.js";
import type { Fields } from "../../store/model.js";
import { incomingFields } from "../../wire/incoming-fields.js";
import { readMessage } from "../../wire/read-message.js";
import { keysIn, nested, obstacleAt, valueAt } from "./metadata-path.js";
import type { ActionRequest } from "./shapes.js";

/** The actions that patch fields. */
export type FieldAction = Extract<ActionRequest, { concept: string } | { key: string }>;

export function isFieldAction(action: ActionRequest): action is FieldAction {
  return "concept" in action || "key" in action;
}

/** The patch of an action for one input. */
export interface Patch {
  action: "merge" | "remove";
  data: JsonObject;
}

/** Returns the patch of an action for an input with these fields, or why it cannot be made. Undefined: there is nothing to remove. */
export function patchOf(action: FieldAction, fields: Fields): Patch | string | undefined {
  if ("concept" in action) {
    const isNew = action.kind === "add-concept";
    return { action: isNew ? "merge" : "remove", data: { concepts: [{ id: action.concept, value: 1 }] } };
  }
  const metadata = fields.metadata ?? {};
  const keys = keysIn(metadata, action.key);
  // The API would replace a text by the objects that the keys name.
  if (action.kind === "remove-metadata" && valueAt(metadata, keys) === undefined) return undefined;
  if (action.kind === "remove-metadata") return { action: "remove", data: { metadata: nested(keys, true) } };
  const obstacle = obstacleAt(metadata, keys);
  return obstacle ?? { action: "merge", data: { metadata: nested(keys, action.value) } };
}

/** Returns the fields after a patch. */
export function patched(fields: Fields, { action, data }: Patch): Fields {
  const { inputs } = readMessage({ inputs: [{ data }] }, "PatchInputs", { strict: true }) as {
    inputs: [{ data: JsonObject }];
  };
  return patchFields(fields, incomingFields(inputs[0].data), action);
}

/** Patches an input by the route of the API. Returns the reason if it is refused. */
export function sendPatch(call: Call, id: string, { action, data }: Patch): string | undefined {
  const body = readMessage({ action, inputs: [{ id, data }] }, "PatchInputs", { strict: true });
  const { status, json } = patchInputs({ ...call, body });
  const [item] = (json?.inputs ?? []) as { status: { description: string; details?: string } }[];
  if (status?.code === statusCodes.SUCCESS) return undefined;
  return item?.status.details ?? item?.status.description ?? status?.details ?? "it was refused";
}

/** Returns the value that an action changes: the entry of the concept, or the value of the key. */
export function touchedValue(action: FieldAction, keys: readonly string[], fields: Fields): Json | undefined {
  if ("concept" in action) {
    const concept = fields.concepts?.find(({ id }) => id === action.concept);
    return concept && { ...concept };
  }
  return valueAt(fields.metadata ?? {}, keys);
}
