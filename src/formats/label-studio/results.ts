/** Results of Label Studio: groups those of one region, and separates them from what is about the whole task. */

import { InputError } from "../../core/errors.js";
import type { Json } from "../../core/input/input.js";
import { isObject } from "../../core/util/json/json-values.js";

type Fields = Record<string, Json>;

/** A region with everything that its results say. */
export interface Region {
  /** Names the region in error texts. */
  name: string;
  /** Coordinates, offsets or times. */
  value: Fields;
  labels: string[];
  originalWidth: number;
  originalHeight: number;
  /** What else is known: the id, the control, the score, answers about the region. */
  info: Fields;
}

/** The results of a task. */
export interface Results {
  regions: Region[];
  /** Choices about the whole task. */
  concepts: { id: string }[];
  /** Other answers about the whole task, by the name of their control. */
  answers: Fields;
  relations: Json[];
}

/** Keys of a value that give the place of a region. */
const placeKeys = new Set([
  "x",
  "y",
  "width",
  "height",
  "rotation",
  "radiusX",
  "radiusY",
  "points",
  "closed",
  "rle",
  "format",
  "start",
  "end",
  "text",
]);

/** Groups results. @throws {InputError} ERR_LABEL */
export function groupResults(results: readonly Fields[], place: string): Results {
  const found: Results = { regions: [], concepts: [], answers: {}, relations: [] };
  const groups = new Map<string, Fields[]>();
  for (const [index, result] of results.entries()) {
    if (result.type === "relation") found.relations.push(result);
    else if (!isObject(result.value)) throw new InputError("ERR_LABEL", `${place}: result ${index} has no value`);
    else {
      const key = typeof result.id === "string" ? result.id : `#${index}`;
      groups.set(key, [...(groups.get(key) ?? []), result]);
    }
  }
  for (const [id, group] of groups) {
    const main = group.find(({ value, type }) => hasPlace(value as Fields, String(type)));
    if (main) found.regions.push(regionOf(id, main, group, place));
    else for (const result of group) addAnswer(result, found);
  }
  return found;
}

function hasPlace(value: Fields, type: string): boolean {
  return (
    ["x", "points", "rle", "imageDataURL", "sequence", "ranges"].some((key) => value[key] !== undefined) ||
    (value.start !== undefined && type !== "textarea")
  );
}

function regionOf(id: string, main: Fields, group: readonly Fields[], place: string): Region {
  const value = main.value as Fields;
  const labels = [...new Set(group.flatMap((result) => labelsOf(result.value as Fields)))];
  const info: Fields = {};
  if (!id.startsWith("#")) info.id = id;
  for (const key of ["from_name", "to_name", "score", "parentID", "meta", "readonly", "hidden"]) {
    const fact = main[key];
    if (fact !== undefined && fact !== null && fact !== false) info[key] = fact;
  }
  if (typeof main.image_rotation === "number" && main.image_rotation !== 0) info.image_rotation = main.image_rotation;
  for (const result of group) {
    if (result === main || typeof result.from_name !== "string") continue;
    const answer = answerOf(result);
    if (answer !== undefined) info[result.from_name] = answer;
  }
  const name = `${place}: region ${JSON.stringify(id)}`;
  return {
    name,
    value,
    labels,
    info,
    originalWidth: Number(main.original_width ?? 0),
    originalHeight: Number(main.original_height ?? 0),
  };
}

function labelsOf(value: Fields): string[] {
  return Object.entries(value).flatMap(([key, list]) =>
    /labels$/.test(key) && Array.isArray(list)
      ? list.filter((label) => typeof label === "string" && label !== "").map(String)
      : [],
  );
}

/** Returns what a result says beside place and labels: the list of choices, the text, the rating. */
function answerOf({ value, type }: Fields): Json | undefined {
  const fields = value as Fields;
  const key = typeof type === "string" ? type : "";
  if (key === "textarea") return fields.text ?? null;
  if (fields[key] !== undefined && !/labels$/.test(key)) return fields[key];
  const rest = Object.entries(fields).filter(([name]) => !placeKeys.has(name) && !/labels$/.test(name));
  return rest.length > 0 ? (Object.fromEntries(rest) as Json) : undefined;
}

function addAnswer(result: Fields, found: Results): void {
  const value = result.value as Fields;
  const { choices, taxonomy } = value;
  if (Array.isArray(choices)) found.concepts.push(...choices.map((choice) => ({ id: String(choice) })));
  else if (Array.isArray(taxonomy))
    found.concepts.push(...taxonomy.map((path) => ({ id: Array.isArray(path) ? path.join("/") : String(path) })));
  else {
    const answer = result.type === "textarea" ? (value.text ?? null) : (answerOf(result) ?? null);
    found.answers[String(result.from_name ?? result.type)] = answer;
  }
}
