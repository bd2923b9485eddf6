/** The ids of inputs that earlier runs finished, which no other input of this run may take. */

import { type FirstUse, IdsInRun } from "./ids-in-run.js";
import { OriginLog } from "./origin-log.js";

/** Makes the id of an input from its origin; undefined if it has none. */
export type IdOf = (origin: string) => string | undefined;

/** The number of an input that this run did not read as its own; those that it reads have numbers from 1. */
const noSequence = 0;

/** Ids of finished inputs. A source may give a function instead of an id: it is called when an id is looked for, which a finished run never does. */
export class FinishedIds {
  readonly #ids = new IdsInRun();
  /** Origins of inputs whose ids are not made yet, by the function that makes them. */
  #waiting = new Map<IdOf, OriginLog>();

  add(id: string | IdOf, origin: string): void {
    if (typeof id === "string") {
      this.#ids.claim(id, origin, noSequence);
      return;
    }
    const origins = this.#waiting.get(id) ?? new OriginLog();
    this.#waiting.set(id, origins);
    origins.push(origin);
  }

  /** Returns the finished input with this id. */
  find(id: string): FirstUse | undefined {
    if (this.#waiting.size > 0) this.#makeIds();
    return this.#ids.find(id);
  }

  #makeIds(): void {
    for (const [idOf, origins] of this.#waiting) {
      for (const origin of origins) {
        const id = idOf(origin);
        if (id !== undefined) this.#ids.claim(id, origin, noSequence);
      }
    }
    this.#waiting = new Map();
  }
}
