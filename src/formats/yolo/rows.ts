/** Rows of YOLO labels: a class, and numbers whose meaning depends on the task. */

import { InputError } from "../../core/errors.js";
import type { Json } from "../../core/input/input.js";
import type { RegionList } from "../annotations/region-list.js";

export const tasks = ["detect", "segment", "obb", "pose"] as const;
/** What the rows of a dataset describe. */
export type Task = (typeof tasks)[number];

/** What the conversion of a label needs. */
export interface RowContext {
  task: Task;
  names: readonly string[];
  keypoints: readonly [count: number, numbers: number] | undefined;
  list: RegionList;
}

/** Numbers of a row after the class. */
const [boxNumbers, rotatedNumbers] = [4, 8];

/** Adds the regions of a label file. @throws {InputError} ERR_LABEL with the line */
export function addRows(text: string, path: string, context: RowContext): void {
  let number = 0;
  for (const line of text.replace(/^\ufeff/, "").split("\n")) {
    number += 1;
    const row = line.trim();
    if (row !== "") addRow(row, `${path}:${number}`, context);
  }
}

function addRow(row: string, name: string, { task, names, keypoints, list }: RowContext): void {
  const [first, ...numbers] = row.split(/\s+/).map(Number) as [number, ...number[]];
  if (Number.isNaN(first) || numbers.some(Number.isNaN))
    throw new InputError("ERR_LABEL", `${name}: ${JSON.stringify(row.slice(0, 60))} has something other than numbers`);
  const concept = names[first];
  if (concept === undefined) {
    throw new InputError(
      "ERR_LABEL",
      `${name}: the class ${first} has no name; the dataset has ${names.length} classes`,
    );
  }
  const { shape, rest } = partsOf(numbers, task, keypoints, name);
  const yolo: { [key: string]: Json } = {};
  if (task === "obb") yolo.obb = true;
  if (task === "pose") yolo.keypoints = rest.slice(0, numberOfKeypoints(keypoints, rest.length));
  const confidence = task === "pose" ? rest[numberOfKeypoints(keypoints, rest.length)] : rest[0];
  if (confidence !== undefined) yolo.confidence = confidence;
  const more = { concepts: [{ id: concept }], ...(Object.keys(yolo).length > 0 && { info: { yolo } }) };
  if (shape.length > boxNumbers) list.addPolygon(pairsOf(shape), name, more);
  else {
    const [x, y, width, height] = shape as [number, number, number, number];
    list.addBox(x - width / 2, y - height / 2, x + width / 2, y + height / 2, name, more);
  }
}

/** Splits the numbers of a row in those of the region and the rest: keypoints, confidence. */
function partsOf(numbers: readonly number[], task: Task, keypoints: RowContext["keypoints"], name: string) {
  const count = numbers.length;
  const split = (length: number) => ({ shape: numbers.slice(0, length), rest: numbers.slice(length) });
  if (task === "pose") {
    const expected = keypoints ? keypoints[0] * keypoints[1] : undefined;
    const extra = count - boxNumbers;
    if (extra >= 0 && (expected === undefined || extra === 0 || extra === expected || extra === expected + 1))
      return split(boxNumbers);
    throw lengthError(name, count, `${boxNumbers} and ${expected} of keypoints`);
  }
  if (count === boxNumbers || (count === boxNumbers + 1 && task !== "obb")) {
    if (task !== "obb") return split(boxNumbers);
  }
  if (task === "detect") throw lengthError(name, count, 'four, and a confidence; polygons need task: "segment"');
  if (task === "obb") {
    if (count === rotatedNumbers || count === rotatedNumbers + 1) return split(rotatedNumbers);
    throw lengthError(name, count, "eight: the corners of the rotated box");
  }
  if (count < 6) throw lengthError(name, count, "four of a box, or the corners of a polygon, three or more");
  return split(count - (count % 2));
}

function lengthError(name: string, count: number, expected: string): InputError {
  return new InputError("ERR_LABEL", `${name}: the row has ${count} numbers after the class; expected ${expected}`);
}

function numberOfKeypoints(keypoints: RowContext["keypoints"], count: number): number {
  return keypoints ? Math.min(count, keypoints[0] * keypoints[1]) : count;
}

function pairsOf(numbers: readonly number[]): [number, number][] {
  const pairs: [number, number][] = [];
  for (let at = 0; at + 1 < numbers.length; at += 2) pairs.push([numbers[at] as number, numbers[at + 1] as number]);
  return pairs;
}

/**
 * Recognizes the task by the lengths of rows: only boxes are "detect"; only rows of eight numbers are "obb"; other polygons, also mixed with boxes, are "segment".
 * A dataset with `kpt_shape` is "pose".
 */
export function taskOf(texts: Iterable<string>, keypoints: RowContext["keypoints"]): Task {
  if (keypoints) return "pose";
  let [boxes, rotated, others] = [0, 0, 0];
  for (const text of texts) {
    for (const line of text.split("\n")) {
      const row = line.trim();
      if (row === "") continue;
      const count = row.split(/\s+/).length - 1;
      if (count <= boxNumbers + 1) boxes += 1;
      else if (count === rotatedNumbers || count === rotatedNumbers + 1) rotated += 1;
      else others += 1;
    }
  }
  if (others > 0 || (rotated > 0 && boxes > 0)) return "segment";
  return rotated > 0 ? "obb" : "detect";
}
