/** Tasks of Label Studio: both forms of its JSON exports, and which annotation of a task counts. */

import { InputError } from "../../core/errors.js";
import type { Json } from "../../core/input/input.js";
import { isObject } from "../../core/util/json/json-values.js";

type Fields = Record<string, Json>;

/** Which annotations of a task are read. */
export type Predictions = "never" | "fallback" | "only";

/** Notes on how a task was read. */
export const taskNotes = {
  several: "Label Studio: a task has several annotations; the ground truth or the latest was read",
  predictions: "Label Studio: predictions were left out",
  skipped: "Label Studio: a task was skipped by its annotator",
} as const;

/** A task with the results that count. */
export interface Task {
  id: string | undefined;
  /** What the task shows: `image`, `text` and other fields. */
  data: Fields;
  results: Fields[];
  /** Facts about the task and its annotation. */
  facts: Fields;
  notes: Set<string>;
}

/** Keys of JSON_MIN that are about the annotation. */
const minKeys = ["id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time", "project", "agreement"];

/** Reads a task of the form JSON or JSON_MIN. @throws {InputError} ERR_LABEL */
export function taskOf(task: Fields, predictions: Predictions, choices: readonly string[], place: string): Task {
  if (!isObject(task.data)) return minimalTask(task, choices);
  const id = typeof task.id === "number" || typeof task.id === "string" ? String(task.id) : undefined;
  const found: Task = { id, data: task.data, results: [], facts: {}, notes: new Set() };
  const chosen = chosenAnnotation(task, predictions, found, place);
  if (isObject(task.meta) && Object.keys(task.meta).length > 0) found.facts.meta = task.meta;
  if (id !== undefined) found.facts.task = task.id as Json;
  if (!chosen) return found;
  const { result } = chosen;
  if (!Array.isArray(result) || !result.every(isObject))
    throw new InputError("ERR_LABEL", `${place}: result is not a list of objects`);
  found.results = result;
  for (const key of [
    "id",
    "completed_by",
    "ground_truth",
    "model_version",
    "score",
    "created_at",
    "updated_at",
    "lead_time",
  ]) {
    const value = chosen[key];
    if (value !== undefined && value !== null && value !== false && value !== "")
      found.facts[key === "id" ? "annotation" : key] = value;
  }
  return found;
}

function chosenAnnotation(task: Fields, predictions: Predictions, found: Task, place: string): Fields | undefined {
  const annotations = listOf(task.annotations ?? task.completions, `${place}: annotations`);
  const guesses = listOf(task.predictions, `${place}: predictions`);
  const finished = annotations.filter(
    ({ was_cancelled: isCancelled, skipped }) => isCancelled !== true && skipped !== true,
  );
  if (annotations.length > 0 && finished.length === 0) found.notes.add(taskNotes.skipped);
  const chosen = predictions === "only" ? undefined : best(finished);
  if (chosen && finished.length > 1) found.notes.add(taskNotes.several);
  if (predictions === "only" || (predictions === "fallback" && !chosen)) return best(guesses);
  if (guesses.some(({ result }) => Array.isArray(result) && result.length > 0)) found.notes.add(taskNotes.predictions);
  return chosen;
}

/** Lists of ids stand in exports that do not have the annotations themselves. */
function listOf(value: Json | undefined, name: string): Fields[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw new InputError("ERR_LABEL", `${name} is not a list of objects; export the project as JSON`);
}

/** Returns the ground truth if there is one, else the latest. */
function best(annotations: readonly Fields[]): Fields | undefined {
  const truths = annotations.filter(({ ground_truth: isTruth }) => isTruth === true);
  const list = truths.length > 0 ? truths : annotations;
  return list.reduce<Fields | undefined>(
    (latest, one) => (!latest || timeOf(one) >= timeOf(latest) ? one : latest),
    undefined,
  );
}

function timeOf({ updated_at: updated, created_at: created }: Fields): number {
  const time = Date.parse(String(updated ?? created ?? ""));
  return Number.isNaN(time) ? 0 : time;
}

/** Reads JSON_MIN: the data, and the regions under the name of their control. */
function minimalTask(task: Fields, choices: readonly string[]): Task {
  const found: Task = {
    id: task.id === undefined ? undefined : String(task.id),
    data: {},
    results: [],
    facts: {},
    notes: new Set(),
  };
  for (const [key, value] of Object.entries(task)) {
    if (minKeys.includes(key))
      found.facts[key === "id" ? "task" : key === "annotation_id" ? "annotation" : key] = value;
    else if (Array.isArray(value) && value.length > 0 && value.every(isRegion))
      found.results.push(...value.map((region) => resultOf(key, region as Fields)));
    else if (isObject(value) && Array.isArray(value.choices))
      found.results.push({ from_name: key, type: "choices", value });
    else if (choices.includes(key))
      found.results.push({
        from_name: key,
        type: "choices",
        value: { choices: Array.isArray(value) ? value : [value] },
      });
    else found.data[key] = value;
  }
  return found;
}

function isRegion(value: Json): boolean {
  if (!isObject(value)) return false;
  return ["x", "points", "rle", "start"].some((key) => value[key] !== undefined);
}

function resultOf(name: string, { original_width, original_height, ...value }: Fields): Fields {
  const type = Object.keys(value).find((key) => /labels$/.test(key)) ?? "labels";
  return {
    from_name: name,
    type,
    value,
    ...(original_width !== undefined && { original_width }),
    ...(original_height !== undefined && { original_height }),
  };
}
