/** Losses: what a format cannot express of an input. */

import type { Annotation, Concept, Input, Json } from "../../core/input/input.js";
import { shorten } from "../../core/util/format/shorten.js";

/** One kind of loss of an input. */
export interface Loss {
  /** Fixed text: `polygon written as its box`. */
  what: string;
  count: number;
  /** The first values that were lost. */
  values?: string[];
}

/** Maximum number of values that a loss names. */
const maxValues = 5;
const maxValueLength = 200;

/** Collects the losses of one input. */
export class LossList {
  readonly #losses = new Map<string, Loss>();

  /** Adds a loss. `value` is what was lost, for the file of losses; a function is called only for the first ones. */
  add(what: string, value?: string | (() => string)): void {
    const loss = this.#losses.get(what) ?? { what, count: 0 };
    this.#losses.set(what, loss);
    loss.count += 1;
    if (value === undefined || loss.count > maxValues) return;
    loss.values ??= [];
    loss.values.push(shorten(typeof value === "string" ? value : value(), maxValueLength));
  }

  get list(): Loss[] {
    return [...this.#losses.values()];
  }
}

/** What a format numbers and measures for itself, or sets without being asked. A value stands for that value alone, null for every value. */
type Numbering = Readonly<Record<string, Json>>;
const ownOfImages: Readonly<Record<string, Numbering>> = { coco: { id: null, width: null, height: null } };
const ownOfAnnotations: Readonly<Record<string, Numbering>> = {
  coco: { id: null, category: null, iscrowd: 0 },
  voc: { pose: "Unspecified", truncated: 0, difficult: 0, occluded: 0 },
};

/** Whether a part of an object that another format made is lost, and not needed by that format alone. */
function isLost(own: Numbering, key: string, one: Json): boolean {
  if (key !== "category") return !Object.hasOwn(own, key) || (own[key] !== null && own[key] !== one);
  for (const name in (one ?? {}) as object) if (name !== "id") return true;
  return false;
}

/**
 * Adds what is lost of a value that another format made. The parts are collected only for the first values, since a
 * large dataset has one such object for each annotation.
 */
function loseValue(losses: LossList, what: string, key: string, value: Json, own: Numbering | undefined): void {
  if (!own || typeof value !== "object" || value === null || Array.isArray(value)) {
    losses.add(what, () => `${key}: ${JSON.stringify(value)}`);
    return;
  }
  for (const part in value) {
    if (!isLost(own, part, value[part] as Json)) continue;
    losses.add(what, () => {
      const lost = Object.entries(value).filter(([name, one]) => isLost(own, name, one));
      return `${key}: ${JSON.stringify(Object.fromEntries(lost))}`;
    });
    return;
  }
}

/** Parts of an input that a format keeps. */
export interface KeptOfInput {
  /** Keys of the metadata, beside `filename` and `split`. */
  metadata?: readonly string[];
  concepts?: boolean;
  geo?: boolean;
  text?: boolean;
}

/** Adds the losses of an input beside its annotations: metadata, concepts, location, text and datasets. */
export function loseOfInput(input: Input, losses: LossList, kept: KeptOfInput = {}): void {
  for (const [key, value] of Object.entries(input.metadata)) {
    if (key === "filename" || key === "split" || kept.metadata?.includes(key)) continue;
    loseValue(losses, "metadata lost", key, value, ownOfImages[key]);
  }
  if (!kept.concepts) for (const { id } of input.concepts) losses.add("concept of the image lost", id);
  if (!kept.geo && input.geo) losses.add("location lost", `${input.geo.longitude}, ${input.geo.latitude}`);
  if (!kept.text && input.text !== undefined) losses.add("text lost", input.text);
  if (!kept.text && input.textUrl !== undefined) losses.add("text lost", input.textUrl);
  for (const id of input.datasets) losses.add("dataset lost", id);
}

/** Parts of an annotation that a format keeps. */
export interface KeptOfAnnotation {
  /** Keys of `info`. */
  info?: readonly string[];
  id?: boolean;
}

/** Adds the losses of an annotation beside its shape and its concepts: id, free data, data of the API, review state. */
export function loseOfAnnotation(annotation: Annotation, losses: LossList, kept: KeptOfAnnotation = {}): void {
  const { id, info, data, statusCode, frame, timeSegment } = annotation;
  if (id !== undefined && !kept.id) losses.add("annotation id lost", id);
  for (const key in info) {
    if (kept.info?.includes(key)) continue;
    loseValue(losses, "annotation info lost", key, info[key] as Json, ownOfAnnotations[key]);
  }
  if (data !== undefined) losses.add("annotation data lost", () => JSON.stringify(data));
  if (statusCode !== undefined) losses.add("review state lost", String(statusCode));
  if (frame !== undefined) losses.add("frame lost", JSON.stringify(frame));
  if (timeSegment !== undefined) losses.add("time segment lost", JSON.stringify(timeSegment));
}

/** Returns the name of the class of a concept: its name, else its id. Adds the loss of an id that differs, and of a value other than 1. */
export function classOf({ id, name, value }: Concept, losses: LossList, kept: { value?: boolean } = {}): string {
  if (name !== undefined && name !== id) losses.add("concept id lost", `${id}: ${name}`);
  if (value !== undefined && value !== 1 && !kept.value) losses.add("concept value lost", `${id}: ${value}`);
  return name ?? id;
}
