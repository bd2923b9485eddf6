/** One run of a comparison: looks inputs up in an app, and settles each as the same or as different. */

import type { Message } from "../../core/accounting/message.js";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import type { Input } from "../../core/input/input.js";
import type { SinkRun } from "../../core/plugin/sink.js";
import { Semaphore } from "../../core/util/semaphore.js";
import type { App } from "../client/app.js";
import { annotationsOf, Memberships } from "../listing/records.js";
import { settleWith } from "../requests.js";
import { inputFromWire } from "../wire/decode-answers.js";
import { contentsOf, type DigestOptions, sha256Of } from "./content-digest.js";
import { recordDifferences, type StoredRecord } from "./differences.js";

/** Contents that are compared at the same time. */
const contentsAtOnce = 16;

export interface ComparerOptions {
  contents: boolean;
  records: boolean;
  download: boolean;
}

/** One run of `compare`. */
export class Comparer {
  readonly #app: App;
  readonly #options: ComparerOptions;
  readonly #run: SinkRun;
  readonly #slots = new Semaphore(contentsAtOnce);
  #memberships: Promise<Memberships> | undefined;

  constructor(app: App, options: ComparerOptions, run: SinkRun) {
    this.#app = app;
    this.#options = options;
    this.#run = run;
    run.watch(app.transport);
  }

  /** Compares messages, 128 at most. A message is ok if the app has the same. */
  async write(messages: readonly Message[], signal: AbortSignal): Promise<void> {
    await settleWith(messages, "compare", async () => {
      const stored = await this.#recordsOf(messages, signal);
      await Promise.all(
        messages.map(async (message) => {
          const found = stored.get(message.value.id);
          if (!found) message.fail(this.#absent(message.value), "compare");
          else await this.#compare(message, found, signal);
        }),
      );
    });
  }

  async #recordsOf(messages: readonly Message[], signal: AbortSignal): Promise<Map<string, StoredRecord>> {
    const { records } = this.#options;
    const ids = [...new Set(messages.map((message) => message.value.id))];
    const listed = await this.#app.listInputs({ ids, signal });
    const found = listed.map(({ id }) => id);
    if (records) this.#memberships ??= Memberships.read(this.#app, signal);
    const annotations = records && found.length > 0 ? await annotationsOf(this.#app, found, signal) : undefined;
    const memberships = await this.#memberships;
    return new Map(
      listed.map((input) => [
        input.id,
        { input, annotations: annotations?.get(input.id) ?? [], datasets: memberships?.of(input.id) ?? [] },
      ]),
    );
  }

  async #compare(message: Message, stored: StoredRecord, signal: AbortSignal): Promise<void> {
    const { contents, records } = this.#options;
    try {
      const ofContents = contents ? await this.#slots.run(() => this.#contentsOf(message.value, stored, signal)) : [];
      const differences = [...ofContents, ...(records ? recordDifferences(message.value, stored) : [])];
      if (differences.length > 0) message.fail(new InputError("ERR_DIFFERENT", differences.join("; ")), "compare");
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof FlowError)) throw error;
      const text = `its content cannot be compared: ${describeError(error)}`;
      message.fail(new InputError(error.code, text, { retryable: error.retryable, cause: error }), "compare");
    }
  }

  async #contentsOf(input: Input, stored: StoredRecord, signal: AbortSignal): Promise<string[]> {
    const here = contentsOf(input);
    const there = contentsOf(inputFromWire(stored.input));
    const kinds = [...new Set([...here.keys(), ...there.keys()])];
    const options = { signal, download: this.#options.download };
    const ofInput: DigestOptions = { ...options, authorize: (url) => this.#run.authorize(url) };
    const ofApp: DigestOptions = { ...options, authorize: (url) => this.#app.authorize(url) };
    const differences = await Promise.all(
      kinds.map(async (kind) => {
        const [one, other] = [here.get(kind), there.get(kind)];
        if (!one || !other) return `its ${kind} is ${one ? "missing in" : "only in"} the app`;
        const [wanted, found] = await Promise.all([sha256Of(one, ofInput), sha256Of(other, ofApp)]);
        return wanted === found ? undefined : `its ${kind} has the SHA-256 ${found}, not ${wanted}`;
      }),
    );
    return differences.filter((text) => text !== undefined);
  }

  #absent({ id }: Input): InputError {
    return new InputError("ERR_ABSENT", `${this.#app.address} has no input with the id "${id}"`);
  }
}
