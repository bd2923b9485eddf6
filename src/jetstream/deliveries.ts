/** Deliveries: messages that this worker has and the engine waits for; kept alive while they are worked on, answered with their outcomes. */

import type { JsMsg } from "@nats-io/jetstream";
import type { Outcome } from "../core/accounting/ledger.js";
import type { Acknowledge, Listed } from "../core/accounting/tracking.js";
import { describeError, InputError } from "../core/errors.js";
import type { Input, InputDraft } from "../core/input/input.js";
import { type DeadLetter, referring } from "../core/journal/dead-letters.js";
import type { SourceItem } from "../core/plugin/source.js";
import { shortened } from "../core/report/reason-groups.js";
import type { Engine } from "./nats-server.js";
import { decodeReference } from "./reference.js";
import { partsOf } from "./streams.js";

export interface DeliveryOptions {
  stream: string;
  /** Time that the engine waits for an answer before it gives a message to another worker. */
  ackWaitMs: number;
  maxDeliveries: number;
  root: string | undefined;
  /** Aborted when the run is to stop at once. */
  signal: AbortSignal;
}

/** What a message that is handed back waits for before it is delivered again: this, doubled each time. */
const firstDelayMs = 1000;
const longestDelayMs = 60_000;
/** What is handed back at the end waits until this worker is gone: the engine would give it to a request of ours that nobody reads any more. */
const partingDelayMs = 200;

/** A failed input on its stream: a dead letter, and where it came from. */
export interface FailedInput extends DeadLetter {
  /** Its place in the stream of inputs. */
  sequence: number;
}

/** What one worker has and has not answered. */
export class Deliveries {
  readonly #engine: Engine;
  readonly #options: DeliveryOptions;
  readonly #open = new Map<number, JsMsg>();
  readonly #alive: NodeJS.Timeout;

  constructor(engine: Engine, options: DeliveryOptions) {
    this.#engine = engine;
    this.#options = options;
    const keepAlive = () => {
      for (const message of this.#open.values()) message.working();
    };
    this.#alive = setInterval(keepAlive, Math.max(options.ackWaitMs / 3, 100)).unref();
  }

  /** Messages without an answer. */
  get open(): number {
    return this.#open.size;
  }

  /** Takes a message on; undefined for one that is being worked on, which the engine took for lost. */
  add(message: JsMsg): SourceItem | undefined {
    const { seq: sequence } = message;
    const isKnown = this.#open.has(sequence);
    this.#open.set(sequence, message); // the answer goes to the newest delivery
    return isKnown ? undefined : this.#itemOf(message);
  }

  /** Hands back what has no answer. */
  close(): void {
    clearInterval(this.#alive);
    for (const message of this.#open.values()) message.nak(partingDelayMs);
    this.#open.clear();
  }

  #itemOf({ seq: sequence, data, info }: JsMsg): SourceItem {
    const { stream, maxDeliveries, root } = this.#options;
    let origin = `${stream}:${sequence}`;
    let listed: Listed | undefined;
    const acknowledge: Acknowledge = (outcome, input) => this.#answer(sequence, { origin, listed }, outcome, input);
    try {
      const { deliveryCount } = info;
      const reference = decodeReference(data, root);
      ({ origin, listed } = reference);
      if (deliveryCount > maxDeliveries) {
        const text = `jetstream: it was given to workers ${maxDeliveries} times, and none came to an end with it`;
        throw new InputError("ERR_MAX_DELIVERIES", text);
      }
      return { ...reference, acknowledge, sameId: "again" };
    } catch (error) {
      return { origin, error: error as Error, acknowledge };
    }
  }

  async #answer(
    sequence: number,
    about: Pick<DeadLetter, "origin" | "listed">,
    told: Outcome,
    input: Input | InputDraft | undefined,
  ): Promise<Outcome> {
    const { deliveryCount = 1 } = this.#open.get(sequence)?.info ?? {};
    const outcome = judged(told, deliveryCount);
    if (outcome.state === "failed" && outcome.retryable && deliveryCount < this.#options.maxDeliveries) {
      const delayMs = Math.min(firstDelayMs * 2 ** (deliveryCount - 1), longestDelayMs);
      this.#take(sequence)?.nak(delayMs);
      return { state: "skipped", reason: `handed back to be tried again: ${outcome.reason}` };
    }
    try {
      if (outcome.state === "failed") await this.#keepFailed(sequence, about, outcome, input);
      else if (outcome.state === "skipped") await this.#keepSkipped(sequence, about.origin, outcome.reason);
      if (outcome.state !== "failed" && deliveryCount > 1) await this.#forgetFailed(sequence);
    } catch (error) {
      if (this.#options.signal.aborted) return outcome; // not answered: it is handed back with all that is open
      this.#take(sequence)?.nak(longestDelayMs);
      return { state: "pending", reason: `the engine did not take its outcome: ${describeError(error)}` };
    }
    this.#take(sequence)?.ack();
    return outcome;
  }

  #take(sequence: number): JsMsg | undefined {
    const message = this.#open.get(sequence);
    this.#open.delete(sequence);
    return message;
  }

  async #keepFailed(
    sequence: number,
    { origin, listed }: Pick<DeadLetter, "origin" | "listed">,
    { code, stage, reason, attempts, retryable = false }: Extract<Outcome, { state: "failed" }>,
    input: Input | InputDraft | undefined,
  ): Promise<void> {
    const about = {
      sequence,
      source: "jetstream",
      origin: shortened(origin),
      id: input?.id,
      code,
      stage,
      attempts,
      retryable,
    };
    const letter: FailedInput = { ...about, reason: shortened(reason), ...(input && referring(input)), listed };
    const maxBytes = this.#engine.connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    // What cannot be kept would come back for ever.
    if (Buffer.byteLength(JSON.stringify(letter)) > maxBytes)
      for (const field of ["input", "secret", "listed"] as const) delete letter[field];
    await this.#publish(partsOf(this.#options.stream).failed.subject(sequence), letter);
  }

  async #keepSkipped(sequence: number, origin: string, reason: string): Promise<void> {
    const record = { sequence, origin: shortened(origin), reason: shortened(reason) };
    await this.#publish(partsOf(this.#options.stream).skipped.subject, record, `${sequence}`);
  }

  /** An earlier worker may have told of a failure, and have died before it could answer. */
  async #forgetFailed(sequence: number): Promise<void> {
    const { stream, subject } = partsOf(this.#options.stream).failed;
    const purge = () => this.#engine.manager.streams.purge(stream, { filter: subject(sequence) });
    await this.#engine.untilAnswered(purge, this.#options.signal);
  }

  async #publish(subject: string, record: object, msgID?: string): Promise<void> {
    const publish = () =>
      this.#engine.client.publish(subject, JSON.stringify(record), msgID === undefined ? {} : { msgID });
    await this.#engine.untilAnswered(publish, this.#options.signal);
  }
}

/** What an outcome means for a message that was given to workers so many times. */
function judged(outcome: Outcome, attempts: number): Outcome {
  if (outcome.state === "pending") {
    const { reason } = outcome;
    return { state: "failed", code: "ERR_STILL_PROCESSING", stage: "jetstream", reason, attempts, retryable: true };
  }
  // Its work is done, and a worker had it that could not tell: that one did it.
  if (outcome.state === "skipped" && outcome.done && attempts > 1) return { state: "ok", note: "recovered" };
  return outcome.state === "failed" ? { ...outcome, attempts: Math.max(outcome.attempts, attempts) } : outcome;
}
