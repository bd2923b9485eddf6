/** Creates the datasets that inputs join. */

import type { Message } from "../../core/accounting/message.js";
import { SinkError } from "../../core/errors.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import { createDataset } from "../datasets/create-dataset.js";
import { limits } from "../limits.js";
import { numberedPages } from "../listing/numbered-pages.js";
import { asFatalToUpload } from "../requests.js";

/** The datasets of an app during one run. */
export class NewDatasets {
  readonly #app: App;
  readonly #stage: string;
  readonly #known = new Set<string>();
  /** Batches wait for the creation before them, so that none sends an input before its dataset exists. */
  #creating: Promise<void> = Promise.resolve();

  constructor(app: App, stage: string) {
    this.#app = app;
    this.#stage = stage;
  }

  /**
   * Creates the datasets of messages that the app does not have. Two processes may do so at once.
   *
   * @throws {SinkError} the API's code if a dataset cannot be created
   */
  async create(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    const wanted = new Set(messages.flatMap(({ settled, value }) => (settled ? [] : value.datasets)));
    if ([...wanted].every((id) => this.#known.has(id))) return;
    const creating = this.#creating.catch(() => undefined).then(() => this.#createMissing(wanted, signal));
    this.#creating = creating;
    await creating;
  }

  async #createMissing(wanted: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    try {
      if ([...wanted].some((id) => !this.#known.has(id))) await this.#list(signal);
      for (const id of wanted) {
        if (this.#known.has(id)) continue;
        await createDataset(this.#app, id, signal);
        this.#known.add(id);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ApiError)) throw error;
      const text = `${this.#stage}: a dataset cannot be created: ${error.message}`;
      throw asFatalToUpload(error, this.#stage) ?? new SinkError(error.code, text, { cause: error });
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const pages = numberedPages({
      perPage: limits.maxPerPage,
      read: (page, perPage) => this.#app.listDatasets({ page, perPage, signal }),
      keyOf: ({ id }) => id,
    });
    for await (const page of pages) for (const { id } of page) this.#known.add(id);
  }
}
