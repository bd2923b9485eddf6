/** The categories of a COCO file that is written. */

import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import type { LossList } from "../dataset-folder/losses.js";
import { IdSpace } from "./id-space.js";

/** A category by the index of its class. */
export type NumberedCategory = [index: number, fields: JsonObject];

/** Numbers categories: with the ids that their annotations had, else in the order of the classes from 1. */
export class CategoryList {
  readonly #byIndex = new Map<number, JsonObject>();
  readonly #ids = new IdSpace();

  /** Takes the categories of an earlier run. */
  restore(categories: readonly NumberedCategory[]): void {
    for (const [index, fields] of categories) {
      this.#byIndex.set(index, fields);
      this.#ids.claim(fields.id);
    }
  }

  /** Returns the id of a class. `own` is the category as the annotation had it. Calls `added` for a category that is new. */
  idOf(index: number, own: unknown, losses: LossList, added: (category: NumberedCategory) => void): number {
    const wanted = isObject(own) ? own : {};
    let category = this.#byIndex.get(index);
    if (!category) {
      category = { ...wanted, id: this.#freeId(index, wanted.id) };
      this.#byIndex.set(index, category);
      added([index, category]);
    }
    if (wanted.id !== undefined && wanted.id !== category.id)
      losses.add("category id changed", JSON.stringify(wanted.id));
    return category.id as number;
  }

  /** Returns all categories, also of classes without annotations. */
  all(names: readonly string[]): JsonObject[] {
    return names.map((name, index) => {
      const { id = this.#freeId(index, undefined), ...rest } = this.#byIndex.get(index) ?? {};
      return { id, name, ...rest };
    });
  }

  #freeId(index: number, wanted: unknown): number {
    if (this.#ids.claim(wanted)) return wanted;
    return this.#ids.claim(index + 1) ? index + 1 : this.#ids.next();
  }
}
