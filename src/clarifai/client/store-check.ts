/** Notices when another store answers than before. */

import { FlowError } from "../../core/errors.js";

/** Header with the id of its store, which an emulator sends with each answer. */
export const storeHeader = "x-sluice-store";

/** The store that the answers of a server came from. */
export class StoreCheck {
  readonly #address: string;
  #store: string | null | undefined;

  constructor(address: string) {
    this.#address = address;
  }

  /** Id of the store; null: the server names none; undefined: no answer came yet. */
  get store(): string | null | undefined {
    return this.#store;
  }

  /**
   * Reads the headers of an answer.
   *
   * @throws {FlowError} ERR_STORE_CHANGED if another store answers: it does not have what this run sent to the first one
   */
  read(headers: Readonly<Record<string, string | string[] | undefined>>): void {
    const header = headers[storeHeader];
    const store = typeof header === "string" ? header : null;
    if (typeof this.#store === "string" && store !== null && store !== this.#store) {
      const text = `the emulator at ${this.#address} now has another store than before; start again, with a journal of its own`;
      throw new FlowError("ERR_STORE_CHANGED", text);
    }
    this.#store ??= store;
  }
}
