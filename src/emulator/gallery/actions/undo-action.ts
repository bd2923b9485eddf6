/** Undoes an action on one input. What was changed since the action stays as it is. */

import { existsSync } from "node:fs";
import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { isSameJson, type JsonObject } from "../../../core/util/json/json-values.js";
import type { Call } from "../../routes/context.js";
import { datasetExists } from "../../routes/dataset-members.js";
import { setFields } from "../../routes/inputs/input-rows.js";
import { patchConcepts } from "../../routes/patching.js";
import type { SqlValue } from "../../store/driver.js";
import type { Fields, InputRow } from "../../store/model.js";
import type { ActionInputRow, DeletedState } from "./action-rows.js";
import { joinedAt } from "./apply-action.js";
import { keysIn, nested } from "./metadata-path.js";
import { type FieldAction, isFieldAction, patched, patchOf, touchedValue } from "./patches.js";
import type { ActionRequest, UndoOutcome } from "./shapes.js";

/** What an undo did to one input. */
export interface Undone {
  outcome: UndoOutcome;
  reason?: string | undefined;
}

const restored: Undone = { outcome: "restored" };
const kept = (reason: string): Undone => ({ outcome: "kept", reason });
const failed = (reason: string): Undone => ({ outcome: "failed", reason });

/** Undoes an action on an input that it changed. */
export function undoAction(call: Call, action: ActionRequest, item: ActionInputRow): Undone {
  const { store } = call.services;
  const before = JSON.parse(item.before ?? "{}") as unknown;
  if (action.kind === "delete") return restoreInput(call, before as DeletedState);
  const row = store.get<InputRow>("SELECT * FROM inputs WHERE seq = ? AND app = ?", item.input, item.app);
  if (!row) return kept("it was deleted since the action");
  if (isFieldAction(action)) return restoreFields(call, action, row, before as Fields);
  return restoreMembership(call, action, row, (before as { joinedAt: string }).joinedAt);
}

/** Restores the fields. If others were changed since, it restores only what the action changed. */
function restoreFields(call: Call, action: FieldAction, row: InputRow, before: Fields): Undone {
  const now = JSON.parse(row.fields) as Fields;
  const patch = patchOf(action, before);
  if (typeof patch !== "object") return failed(patch ?? "it did not have the key"); // The action had succeeded with these fields.
  const after = patched(before, patch);
  call.services.store.ensureConcepts(call.app.seq, before.concepts ?? []);
  if (isSameJson(now as JsonObject, after as JsonObject)) {
    setFields(call, row, before);
    return restored;
  }
  const keys = "key" in action ? keysIn(before.metadata ?? {}, action.key) : [];
  const touched = (fields: Fields) => touchedValue(action, keys, fields);
  if (isSameJson(touched(now), touched(before))) return restored;
  if (!isSameJson(touched(now), touched(after))) return kept(`its ${nameOf(action)} was changed since the action`);
  setFields(call, row, withTouched(action, keys, now, before));
  return restored;
}

/** Returns fields with the concept or key of an action as it was before. */
function withTouched(action: FieldAction, keys: readonly string[], now: Fields, before: Fields): Fields {
  if ("concept" in action) {
    const concept = before.concepts?.find(({ id }) => id === action.concept);
    const change = concept ? "merge" : "remove";
    return {
      ...now,
      concepts: patchConcepts(now.concepts ?? [], [concept ?? { id: action.concept, value: 1 }], change),
    };
  }
  const value = touchedValue(action, keys, before);
  if (value === undefined) return patched(now, { action: "remove", data: { metadata: nested(keys, true) } });
  return { ...now, metadata: withValue(now.metadata ?? {}, keys, value as JsonObject) };
}

/** Returns metadata with a value at a path. A merge would add to lists and objects. */
function withValue(metadata: JsonObject, [key = "", ...rest]: readonly string[], value: JsonObject): JsonObject {
  const inner = Object.hasOwn(metadata, key) ? metadata[key] : undefined;
  const isContainer = typeof inner === "object" && inner !== null && !Array.isArray(inner);
  return { ...metadata, [key]: rest.length === 0 ? value : withValue(isContainer ? inner : {}, rest, value) };
}

function nameOf(action: FieldAction): string {
  return "concept" in action ? `concept ${action.concept}` : action.key;
}

function restoreMembership(
  call: Call,
  { kind, dataset }: Extract<ActionRequest, { dataset: string }>,
  row: InputRow,
  before: string,
): Undone {
  const { store } = call.services;
  const now = joinedAt(call, dataset, row);
  if (kind === "add-to-dataset") {
    if (now === undefined) return restored;
    if (now !== before) return kept(`it was added to ${dataset} again since the action`);
    const sql = "DELETE FROM dataset_inputs WHERE app = ? AND dataset = ? AND input = ?";
    store.run(sql, row.app, dataset, row.seq);
    return restored;
  }
  if (now !== undefined) return restored;
  if (!datasetExists(call, dataset)) return failed(`the dataset ${dataset} was deleted since the action`);
  addMember(call, dataset, row.seq, before);
  return restored;
}

function addMember({ services, app }: Call, dataset: string, seq: number, at: string): void {
  const sql = "INSERT OR IGNORE INTO dataset_inputs (app, dataset, input, created_at) VALUES (?, ?, ?, ?)";
  services.store.run(sql, app.seq, dataset, seq, at);
}

/** Stores a deleted input again, with its number, times, annotations and datasets. */
function restoreInput(call: Call, { row, annotations, datasets }: DeletedState): Undone {
  const { services, app } = call;
  const { store, files } = services;
  if (store.input(app.seq, row.id))
    return failed("an input with this id was added since; the undo does not replace it");
  if (row.sha256 !== null && !existsSync(files.pathOf(row.sha256)))
    return failed("the file that was kept for the undo is missing");
  store.run("DELETE FROM deleted WHERE app = ? AND id = ?", app.seq, row.id);
  const isOpen = row.status === statusCodes.INPUT_PENDING || row.status === statusCodes.INPUT_IN_PROGRESS;
  // Its job counted it as failed when it was deleted.
  const again = isOpen ? { ...row, status: statusCodes.INPUT_PENDING, job: null } : row;
  insert(call, "inputs", { ...again });
  const { concepts = [] } = JSON.parse(row.fields) as Fields;
  store.ensureConcepts(app.seq, concepts);
  for (const annotation of annotations) insert(call, "annotations", { ...annotation });
  const existing = datasets.filter(({ dataset }) => datasetExists(call, dataset));
  for (const { dataset, created_at: at } of existing) addMember(call, dataset, row.seq, at);
  if (isOpen) services.processing.add([again], new Map());
  const lost = datasets.length - existing.length;
  return lost === 0 ? restored : { outcome: "restored", reason: `${lost} of its datasets were deleted since` };
}

/** Inserts a row that was read from the same table. */
function insert({ services }: Call, table: "inputs" | "annotations", row: Record<string, SqlValue>): void {
  const known = services.store.all<{ name: string }>("SELECT name FROM pragma_table_info(?)", table);
  const columns = known.map(({ name }) => name).filter((name) => row[name] !== undefined);
  const sql = `INSERT INTO ${table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")})`;
  services.store.run(sql, ...columns.map((name) => row[name] ?? null));
}
