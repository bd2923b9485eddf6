/** A sample of the inputs of a run, as they were when they got their outcome: the same chance for each, and bounded in memory. */

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
import { shorten } from "../util/shorten.js";

/** An input of a sample. */
export interface SampledInput {
  origin: string;
  id: string;
  kind: Kind | undefined;
  state: Outcome["state"];
  /** Why it failed, was skipped, or is pending. */
  reason?: string | undefined;
  content?: Content | undefined;
  /** The beginning of its text, or the address of it. */
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
/** Bytes in memory are kept up to this many for all inputs together. */
const maxBytes = 16_000_000;

/** Keeps a sample of what it is offered, and a larger one of the places. */
export class Sample {
  readonly #inputs = new Reservoir<SampledInput>(maxInputs);
  readonly #points = new Reservoir<GeoPoint>(maxPoints);

  get inputs(): readonly SampledInput[] {
    return this.#inputs.kept;
  }

  get points(): readonly GeoPoint[] {
    return this.#points.kept;
  }

  /** Costs a comparison for all inputs but those that are taken. */
  offer(input: Input, origin: string, outcome: Outcome): void {
    const { geo } = input;
    if (geo && this.#points.wants()) this.#points.take({ longitude: geo.longitude, latitude: geo.latitude });
    if (!this.#inputs.wants()) return;
    this.#inputs.take(sampled(input, origin, outcome));
    let bytes = 0;
    for (const kept of this.#inputs.kept) {
      bytes += kept.content && "bytes" in kept.content ? kept.content.bytes.byteLength : 0;
      if (bytes > maxBytes) kept.content = undefined;
    }
  }
}

/** Reservoir sampling that knows beforehand which one it takes next (Li's algorithm L). */
class Reservoir<T> {
  readonly kept: T[] = [];
  readonly #size: number;
  #seen = 0;
  #next = 0;
  #weight = 1;

  constructor(size: number) {
    this.#size = size;
  }

  /** Counts one more; whether it is to be taken. */
  wants(): boolean {
    this.#seen += 1;
    return this.#seen > this.#next;
  }

  take(item: T): void {
    if (this.kept.length < this.#size) this.kept.push(item);
    else this.kept[Math.floor(Math.random() * this.#size)] = item;
    this.#next = this.#seen;
    if (this.kept.length < this.#size) return;
    this.#weight *= Math.random() ** (1 / this.#size);
    this.#next += Math.floor(Math.log(Math.random()) / Math.log(1 - this.#weight));
  }
}

/** What is kept of an input. */
export function sampled(input: Input, origin: string, outcome: Outcome): SampledInput {
  const { id, geo } = input;
  const excerpt = input.text ?? input.textUrl;
  const annotations = input.annotations.slice(0, maxAnnotations).map(({ box, polygon, concepts }) => ({
    box,
    polygon: polygon?.slice(0, maxCorners),
    concepts: concepts.slice(0, 3).map((concept) => ({ id: short(concept.name ?? concept.id) })),
  }));
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

function short(text: string): string {
  return shorten(text, maxTextLength);
}
