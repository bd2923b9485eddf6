/** Counts classes and splits. Their number is bounded, however many names there are. */

import type { Input } from "../../core/input/input.js";

/** How often a class occurs. */
export interface ClassCount {
  name: string;
  /** Whether the dataset declares it. Undefined if it declares no classes. */
  declared?: boolean | undefined;
  /** Number of annotations with the class. */
  annotations: number;
  /** Number of inputs with the class: themselves, or with an annotation that has it. */
  inputs: number;
  /** The inputs by split. */
  splits: Record<string, number>;
}

/** How many inputs a split has. */
export interface SplitCount {
  name: string;
  inputs: number;
  annotations: number;
}

/** Most names of classes and of splits. Further ones are counted together. */
const maxClasses = 20_000;
const maxSplits = 50;
/** Name of the further ones. */
export const others = "…";
/** Name of the split of inputs that name none. */
export const noSplit = "(none)";

/** Returns the split of an input: the text `split` of its metadata. */
export function splitOf({ metadata }: Input): string {
  const { split } = metadata;
  return typeof split === "string" && split !== "" ? split : noSplit;
}

/** Counts the classes and splits of inputs. */
export class ClassCounts {
  readonly #classes = new Map<string, ClassCount>();
  readonly #splits = new Map<string, SplitCount>();
  readonly #isDeclaring: boolean;

  constructor(declared: readonly string[] | undefined) {
    this.#isDeclaring = declared !== undefined;
    for (const name of declared ?? []) this.#classOf(name, true);
  }

  /** Adds an input. Returns its classes that are not declared. */
  add(input: Input): string[] {
    const split = this.#splitOf(splitOf(input));
    split.inputs += 1;
    split.annotations += input.annotations.length;
    const names = new Set<string>();
    for (const { id, value } of input.concepts) if (value !== 0) names.add(id);
    for (const { concepts } of input.annotations) {
      for (const { id, value } of concepts) {
        if (value === 0) continue;
        names.add(id);
        this.#classOf(id).annotations += 1;
      }
    }
    const undeclared: string[] = [];
    for (const name of names) {
      const count = this.#classOf(name);
      count.inputs += 1;
      count.splits[split.name] = (count.splits[split.name] ?? 0) + 1;
      if (count.declared === false) undeclared.push(name);
    }
    return undeclared;
  }

  /** The classes, the most frequent first. */
  get classes(): ClassCount[] {
    return [...this.#classes.values()].sort((one, other) => frequencyOf(other) - frequencyOf(one));
  }

  get splits(): SplitCount[] {
    return [...this.#splits.values()];
  }

  #classOf(name: string, declared = false): ClassCount {
    const known = this.#classes.get(name);
    if (known) return known;
    if (this.#classes.size >= maxClasses && name !== others) return this.#classOf(others);
    const count: ClassCount = {
      name,
      ...(this.#isDeclaring && { declared }),
      annotations: 0,
      inputs: 0,
      splits: Object.create(null) as Record<string, number>,
    };
    this.#classes.set(name, count);
    return count;
  }

  #splitOf(name: string): SplitCount {
    const known = this.#splits.get(name);
    if (known) return known;
    if (this.#splits.size >= maxSplits && name !== others) return this.#splitOf(others);
    const count = { name, inputs: 0, annotations: 0 };
    this.#splits.set(name, count);
    return count;
  }
}

/** How often a class occurs: in annotations, or else in inputs. */
export function frequencyOf({ annotations, inputs }: ClassCount): number {
  return annotations > 0 ? annotations : inputs;
}
