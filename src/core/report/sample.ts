/** A random sample of the inputs of a run, as they were when they settled. Its memory is bounded. */

import type { Outcome } from "../accounting/ledger.js";
import {
  type Annotation,
  type Content,
  type GeoPoint,
  type Input,
  type Kind,
  kindOf,
  mediaOf,
} from "../input/input.js";
import { shorten } from "../util/format/shorten.js";

/** An input of a sample. */
export interface SampledInput {
  origin: string;
  id: string;
  kind: Kind | undefined;
  state: Outcome["state"];
  /** Why it failed, was skipped, or is pending. */
  reason?: string | undefined;
  content?: Content | undefined;
  /** The beginning of its text, or the address of the text. */
  text?: string | undefined;
  concepts: string[];
  annotations: Annotation[];
  geo?: GeoPoint | undefined;
}

const maxInputs = 36;
const maxPoints = 400;
const maxTextLength = 300;
const maxConcepts = 20;
const maxAnnotations = 100;
const maxCorners = 200;
/** Maximum characters of the masks of one input. */
const maxMaskLength = 300_000;
/** Maximum bytes in memory of all sampled inputs together. */
const maxBytes = 16_000_000;

/** Takes a sample of the inputs that it is offered, and a larger one of their locations. */
export class Sample {
  readonly #inputs = new Reservoir<SampledInput>(maxInputs);
  readonly #points = new Reservoir<GeoPoint>(maxPoints);

  get inputs(): readonly SampledInput[] {
    return this.#inputs.items;
  }

  get points(): readonly GeoPoint[] {
    return this.#points.items;
  }

  /** Offers an input. It costs a comparison, unless the input gets into the sample. */
  offer(input: Input, origin: string, outcome: Outcome): void {
    const { geo } = input;
    if (geo && this.#points.selectsNext()) this.#points.add({ longitude: geo.longitude, latitude: geo.latitude });
    if (!this.#inputs.selectsNext()) return;
    this.#inputs.add(sampleOf(input, origin, outcome));
    let bytes = 0;
    for (const sample of this.#inputs.items) {
      bytes += sample.content && "bytes" in sample.content ? sample.content.bytes.byteLength : 0;
      if (bytes > maxBytes) sample.content = undefined;
    }
  }
}

/** Reservoir sampling that computes in advance which item it selects next (Li's algorithm L). */
class Reservoir<T> {
  readonly items: T[] = [];
  readonly #size: number;
  #seen = 0;
  #next = 0;
  #weight = 1;

  constructor(size: number) {
    this.#size = size;
  }

  /** Counts the next item; returns whether to add it. */
  selectsNext(): boolean {
    this.#seen += 1;
    return this.#seen > this.#next;
  }

  add(item: T): void {
    if (this.items.length < this.#size) this.items.push(item);
    else this.items[Math.floor(Math.random() * this.#size)] = item;
    this.#next = this.#seen;
    if (this.items.length < this.#size) return;
    this.#weight *= Math.random() ** (1 / this.#size);
    this.#next += Math.floor(Math.log(Math.random()) / Math.log(1 - this.#weight));
  }
}

/** Returns the parts of an input that the sample records, shortened. */
export function sampleOf(input: Input, origin: string, outcome: Outcome): SampledInput {
  const { id, geo } = input;
  const excerpt = input.text ?? input.textUrl;
  let maskLength = 0;
  const annotations = input.annotations.slice(0, maxAnnotations).map((annotation) => {
    const { box, polygon, point, span, frame, timeSegment, concepts } = annotation;
    const mask = maskOf(annotation, maxMaskLength - maskLength);
    if (mask && "base64" in mask) maskLength += mask.base64.length;
    return {
      ...{ box, point, frame, timeSegment, mask },
      span: span && { start: span.start, end: span.end },
      polygon: polygon?.slice(0, maxCorners),
      concepts: concepts.slice(0, 3).map((concept) => ({ id: short(concept.name ?? concept.id) })),
    };
  });
  return {
    origin: short(origin),
    id: short(id),
    kind: kindOf(input),
    state: outcome.state,
    reason: "reason" in outcome ? short(outcome.reason) : undefined,
    content: mediaOf(input)?.content,
    text: excerpt === undefined ? undefined : short(excerpt),
    concepts: input.concepts.slice(0, maxConcepts).map((concept) => short(concept.name ?? concept.id)),
    annotations,
    geo,
  };
}

/** Returns a mask with its pixels if they are not longer than `maxLength`; else without them, so that it is named and not drawn. */
function maskOf({ mask }: Annotation, maxLength: number): Annotation["mask"] {
  return mask && "base64" in mask && mask.base64.length <= maxLength ? mask : mask && { url: "" };
}

function short(text: string): string {
  return shorten(text, maxTextLength);
}
