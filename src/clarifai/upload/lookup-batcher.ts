/** Batches lookups: asks the server for the ids of many small batches with one request. */

import type { Message } from "../../core/accounting/message.js";
import type { App } from "../client/app.js";
import { limits } from "../limits.js";
import type { ContentHasher } from "../wire/content-hash.js";
import { type Found, lookUp } from "./lookup.js";

/** A request that is not full is sent when no message came for this long, in milliseconds. */
const quietMs = 50;

interface Entry {
  message: Message;
  resolve: (found: Found) => void;
  reject: (error: unknown) => void;
}

/** Collects messages of batches that are written at the same time, so that a request asks for up to 128 ids. */
export class LookupBatcher {
  readonly #app: App;
  readonly #hasher: ContentHasher;
  readonly #signal: AbortSignal;
  #waiting: Entry[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(app: App, hasher: ContentHasher, signal: AbortSignal) {
    this.#app = app;
    this.#hasher = hasher;
    this.#signal = signal;
  }

  /** Returns what the server has under the id of each message. */
  find(messages: readonly Message[]): Promise<Found[]> {
    const found = messages.map(
      (message) => new Promise<Found>((resolve, reject) => this.#waiting.push({ message, resolve, reject })),
    );
    while (this.#waiting.length >= limits.maxIdsPerRequest) this.#ask();
    clearTimeout(this.#timer);
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#ask(), quietMs);
    return Promise.all(found);
  }

  #ask(): void {
    const entries = this.#waiting.splice(0, limits.maxIdsPerRequest);
    const messages = entries.map(({ message }) => message);
    lookUp(this.#app, messages, this.#hasher, this.#signal).then(
      (found) => found.forEach((one, index) => void entries[index]?.resolve(one)),
      (error: unknown) => {
        for (const { reject } of entries) reject(error);
      },
    );
  }
}
