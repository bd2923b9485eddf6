/** The classes of a dataset, by index. */

import * as z from "zod";
import { SinkError } from "../../core/errors.js";
import type { Source } from "../../core/plugin/source.js";

/**
 * The option `classes`: names of the classes in the order of their indexes, or a source that declares its classes. A class that is not in the list is added behind
 * it. Default: the order of first appearance.
 */
export const classesOption = z
  .union(
    [
      z.array(z.string().min(1)).refine((names) => new Set(names).size === names.length, "expected each name once"),
      z.custom<Pick<Source, "classes">>((value) => typeof value === "object" && value !== null && "read" in value),
    ],
    "expected names, or a source",
  )
  .optional();
export type ClassesOption = z.output<typeof classesOption>;

/** Returns the names that the option stands for. A source that declares none stands for none. */
export async function namesOf(option: ClassesOption, signal: AbortSignal): Promise<readonly string[]> {
  if (option === undefined) return [];
  return Array.isArray(option) ? option : ((await option.classes?.({ signal })) ?? []);
}

/** The classes of a dataset. An index never changes its class. */
export class ClassList {
  readonly names: string[];
  readonly #indexes: Map<string, number>;
  #recorded: number;

  /** @param names the classes of earlier runs */
  constructor(names: readonly string[] = []) {
    this.names = [...names];
    this.#indexes = new Map(this.names.map((name, index) => [name, index]));
    this.#recorded = this.names.length;
  }

  /** Returns the index of a class, which it adds if it is new. */
  indexOf(name: string): number {
    const found = this.#indexes.get(name);
    if (found !== undefined) return found;
    this.#indexes.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  /** Adds the classes of the option. @throws {SinkError} ERR_CLASSES if a folder has other classes at their indexes */
  declare(names: readonly string[], path: string, plugin: string): void {
    for (const [index, name] of names.entries()) {
      if (this.indexOf(name) === index) continue;
      const has = `${path} has "${this.names[index]}" as class ${index}`;
      const text = `${plugin}: ${has}, and the option classes has "${name}"; use the same order, or another folder`;
      throw new SinkError("ERR_CLASSES", text);
    }
  }

  /** Returns the classes since the last call, for the state file. */
  takeNew(): string[] {
    const added = this.names.slice(this.#recorded);
    this.#recorded = this.names.length;
    return added;
  }
}
