/** The ids and URLs that inputs of an app have already, looked up once for all inputs of a request. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { existingIds, existingUrls } from "../../store/new-inputs.js";
import { newId } from "../../store/stamps.js";
import type { IncomingInput } from "../../wire/incoming-input.js";
import { ItemRefusal } from "../../wire/refusals.js";
import type { Call } from "../context.js";

const maxSuffix = 9;

export class UsedNames {
  readonly #call: Call;
  readonly #ids: Set<string>;
  readonly #urls: Set<string>;
  /** The ids that earlier inputs of the request asked for. */
  readonly #requested = new Set<string>();

  constructor(call: Call, inputs: readonly IncomingInput[]) {
    const { services, app } = call;
    const ids = inputs.map(({ id }) => id).filter((id) => id !== undefined);
    const urls = inputs.flatMap((input) => uniqueUrl(input) ?? []);
    this.#call = call;
    this.#ids = ids.length > 0 ? existingIds(services.store, app.seq, ids) : new Set();
    this.#urls = urls.length > 0 ? existingUrls(services.store, app.seq, urls) : new Set();
  }

  /** Returns an id that no input has: the requested one, the same with a suffix, or a new one. @throws {ItemRefusal} 30100 */
  freeId(id: string | undefined, addSuffix: boolean): string {
    if (id === undefined) return newId();
    if (!this.#requested.has(id) && !this.#ids.has(id)) return id;
    if (this.#requested.has(id) || !addSuffix) {
      throw new ItemRefusal(statusCodes.INPUT_DUPLICATE, "Input has a duplicate ID.");
    }
    for (let n = 1; n <= maxSuffix; n += 1) if (!this.#exists(`${id}-${n}`)) return `${id}-${n}`;
    return `${id}-${newId().slice(0, 6)}`;
  }

  /** @throws {ItemRefusal} 30100 if an input has the URL and the new one may not have it, too */
  checkUrl(input: IncomingInput): void {
    const url = uniqueUrl(input);
    if (url === undefined || !this.#urls.has(url)) return;
    throw new ItemRefusal(statusCodes.INPUT_DUPLICATE, "Input has a duplicate URL.");
  }

  /** Records an input of the request and the id that it gets. */
  add(input: IncomingInput, id: string): void {
    if (input.id !== undefined) this.#requested.add(input.id);
    if (input.url !== undefined) this.#urls.add(input.url.toWellFormed());
    this.#ids.add(id);
  }

  #exists(id: string): boolean {
    const { services, app } = this.#call;
    return this.#ids.has(id) || services.store.input(app.seq, id) !== undefined;
  }
}

/** Returns the URL of an input that no other input may have, as the store writes it. */
function uniqueUrl({ url, allowDuplicateUrl }: IncomingInput): string | undefined {
  return allowDuplicateUrl ? undefined : url?.toWellFormed();
}
