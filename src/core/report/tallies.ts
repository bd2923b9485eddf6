/** Counts inputs by kind, class and dataset. Its memory is bounded. */

import type { Outcome } from "../accounting/ledger.js";
import { type Input, kindOf } from "../input/input.js";
import { shorten } from "../util/format/shorten.js";

/** The inputs of one kind, class or dataset. */
export interface Tally {
  name: string;
  /** Inputs with an outcome. Each part of a split input counts. */
  inputs: number;
  ok: number;
  /** Annotations of the class; absent for kinds and datasets. */
  annotations?: number | undefined;
}

/** Inputs by kind, class and dataset, the largest number first. Items that a source skipped or could not read are in none of them. */
export interface ReportTallies {
  kinds: readonly Tally[];
  /** Classes are concepts of inputs and of their annotations, by name. */
  classes: readonly Tally[];
  datasets: readonly Tally[];
}

/** Maximum number of names of each list; further names are counted together. */
const maxNames = 500;
const maxNameLength = 200;
/** Name of the tally that counts the further names. */
const others = "…";

/** Counts the inputs of a run. */
export class Tallies {
  readonly #kinds = new Names();
  readonly #classes = new Names();
  readonly #datasets = new Names();

  add(input: Input, { state }: Outcome): void {
    const isOk = state === "ok";
    const { concepts, annotations, datasets } = input;
    this.#kinds.count(kindOf(input) ?? "no content", isOk);
    for (const dataset of datasets) this.#datasets.count(dataset, isOk);
    const seen = new Set<Tally>();
    for (const { concepts: drawn } of annotations) {
      for (const concept of drawn) {
        if (concept.value === 0) continue;
        const tally = this.#classes.of(concept.name ?? concept.id);
        tally.annotations = (tally.annotations ?? 0) + 1;
        seen.add(tally);
      }
    }
    for (const concept of concepts) if (concept.value !== 0) seen.add(this.#classes.of(concept.name ?? concept.id));
    for (const tally of seen) counted(tally, isOk);
  }

  get list(): ReportTallies {
    return { kinds: this.#kinds.list, classes: this.#classes.list, datasets: this.#datasets.list };
  }
}

/** Tallies by name. */
class Names {
  readonly #tallies = new Map<string, Tally>();

  of(text: string): Tally {
    const known = this.#tallies.get(text);
    if (known) return known;
    const short = this.#tallies.size < maxNames ? shorten(text, maxNameLength) : others;
    const tally = this.#tallies.get(short) ?? { name: short, inputs: 0, ok: 0 };
    this.#tallies.set(short, tally);
    return tally;
  }

  count(text: string, isOk: boolean): void {
    counted(this.of(text), isOk);
  }

  get list(): Tally[] {
    return [...this.#tallies.values()].sort((one, other) => other.inputs - one.inputs);
  }
}

function counted(tally: Tally, isOk: boolean): void {
  tally.inputs += 1;
  if (isOk) tally.ok += 1;
}
