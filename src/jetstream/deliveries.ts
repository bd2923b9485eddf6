/** The messages that this worker has received and not acknowledged: keeps them alive, and answers each one with its outcome. */

import type { JsMsg } from "@nats-io/jetstream";
import type { Outcome } from "../core/accounting/ledger.js";
import type { Acknowledge, Listed } from "../core/accounting/tracking.js";
import { describeError, InputError } from "../core/errors.js";
import type { Input, InputDraft } from "../core/input/input.js";
import { type DeadLetter, referencesOf } from "../core/journal/dead-letters.js";
import type { SourceItem } from "../core/plugin/source.js";
import { reportText } from "../core/report/reason-groups.js";
import type { NatsServer } from "./nats-server.js";
import { decodeReference } from "./reference.js";
import { partsOf } from "./streams.js";

export interface DeliveryOptions {
  stream: string;
  /** Time that the server waits for an acknowledgement before it delivers a message to another worker. */
  ackWaitMs: number;
  maxDeliveries: number;
  root: string | undefined;
  /** Aborts when the run stops at once. */
  signal: AbortSignal;
}

/** Delay before a returned message is delivered again; doubled with each delivery. */
const firstDelayMs = 1000;
const longestDelayMs = 60_000;
/** Without this delay, the server would deliver a message that is returned at the end to an open request of this worker, which nobody reads any more. */
const closingDelayMs = 200;

/** A failed input on the stream of failed inputs: a dead letter, and the number of its message. */
export interface FailedInput extends DeadLetter {
  /** Sequence of its message on the stream of inputs. */
  sequence: number;
}

type Origin = Pick<DeadLetter, "origin" | "listed">;
type Failure = Extract<Outcome, { state: "failed" }>;

/** Tracks the messages that one worker has received and not answered yet. */
export class Deliveries {
  readonly #nats: NatsServer;
  readonly #options: DeliveryOptions;
  readonly #open = new Map<number, JsMsg>();
  readonly #keepAlive: NodeJS.Timeout;

  constructor(nats: NatsServer, options: DeliveryOptions) {
    this.#nats = nats;
    this.#options = options;
    const keepAlive = () => {
      for (const message of this.#open.values()) message.working();
    };
    this.#keepAlive = setInterval(keepAlive, Math.max(options.ackWaitMs / 3, 100)).unref();
  }

  /** The number of messages without an answer. */
  get open(): number {
    return this.#open.size;
  }

  /** Adds a message and returns its item; undefined if this worker already has the message, and the server delivered it again. */
  add(message: JsMsg): SourceItem | undefined {
    const { seq: sequence } = message;
    const isKnown = this.#open.has(sequence);
    this.#open.set(sequence, message); // only the newest delivery can be acknowledged
    return isKnown ? undefined : this.#itemOf(message);
  }

  /** Returns all messages without an answer to the server. */
  close(): void {
    clearInterval(this.#keepAlive);
    for (const message of this.#open.values()) message.nak(closingDelayMs);
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
        const text = `jetstream: workers received the input ${maxDeliveries} times, and none finished it; process it alone`;
        throw new InputError("ERR_MAX_DELIVERIES", text);
      }
      return { ...reference, acknowledge, sameId: "again" };
    } catch (error) {
      return { origin, error: error as Error, acknowledge };
    }
  }

  /** Records an outcome on the server and acknowledges the message, or returns the message for redelivery. */
  async #answer(
    sequence: number,
    from: Origin,
    reported: Outcome,
    input: Input | InputDraft | undefined,
  ): Promise<Outcome> {
    const { deliveryCount = 1 } = this.#open.get(sequence)?.info ?? {};
    const outcome = finalOutcome(reported, deliveryCount);
    if (outcome.state === "failed" && outcome.retryable && deliveryCount < this.#options.maxDeliveries) {
      const delayMs = Math.min(firstDelayMs * 2 ** (deliveryCount - 1), longestDelayMs);
      this.#remove(sequence)?.nak(delayMs);
      return { state: "skipped", reason: `returned for redelivery: ${outcome.reason}` };
    }
    try {
      if (outcome.state === "failed") await this.#recordFailed(sequence, from, outcome, input);
      else if (outcome.state === "skipped") await this.#recordSkipped(sequence, from.origin, outcome.reason);
      if (outcome.state !== "failed" && deliveryCount > 1) await this.#deleteFailed(sequence);
    } catch (error) {
      if (this.#options.signal.aborted) return outcome; // close() returns the message with all others
      this.#remove(sequence)?.nak(longestDelayMs);
      return { state: "pending", reason: `the NATS server did not accept the outcome: ${describeError(error)}` };
    }
    this.#remove(sequence)?.ack();
    return outcome;
  }

  #remove(sequence: number): JsMsg | undefined {
    const message = this.#open.get(sequence);
    this.#open.delete(sequence);
    return message;
  }

  async #recordFailed(
    sequence: number,
    { origin, listed }: Origin,
    { code, stage, reason, attempts, retryable = false }: Failure,
    input: Input | InputDraft | undefined,
  ): Promise<void> {
    const letter: FailedInput = {
      sequence,
      source: "jetstream",
      origin: reportText(origin),
      id: input?.id,
      code,
      stage,
      attempts,
      retryable,
      reason: reportText(reason),
      ...(input && referencesOf(input)),
      listed,
    };
    const maxBytes = this.#nats.connection.info?.max_payload ?? Number.POSITIVE_INFINITY;
    if (Buffer.byteLength(JSON.stringify(letter)) > maxBytes) {
      // The server would refuse the letter each time, and deliver the message forever.
      for (const field of ["input", "secret", "listed"] as const) delete letter[field];
    }
    await this.#publish(partsOf(this.#options.stream).failed.subject(sequence), letter);
  }

  async #recordSkipped(sequence: number, origin: string, reason: string): Promise<void> {
    const record = { sequence, origin: reportText(origin), reason: reportText(reason) };
    await this.#publish(partsOf(this.#options.stream).skipped.subject, record, `${sequence}`);
  }

  /** Deletes the failure of an earlier delivery, whose worker may have died after it recorded the failure and before it acknowledged. */
  async #deleteFailed(sequence: number): Promise<void> {
    const { stream, subject } = partsOf(this.#options.stream).failed;
    const purge = () => this.#nats.manager.streams.purge(stream, { filter: subject(sequence) });
    await this.#nats.callWithRetry(purge, this.#options.signal);
  }

  async #publish(subject: string, record: object, msgID?: string): Promise<void> {
    const publish = () =>
      this.#nats.client.publish(subject, JSON.stringify(record), msgID === undefined ? {} : { msgID });
    await this.#nats.callWithRetry(publish, this.#options.signal);
  }
}

/** Returns the outcome that the stream records for a message that was delivered `attempts` times. */
function finalOutcome(outcome: Outcome, attempts: number): Outcome {
  if (outcome.state === "pending") {
    const { reason } = outcome;
    return { state: "failed", code: "ERR_STILL_PROCESSING", stage: "jetstream", reason, attempts, retryable: true };
  }
  // An earlier worker finished the input and died before it acknowledged.
  if (outcome.state === "skipped" && outcome.done && attempts > 1) return { state: "ok", note: "recovered" };
  return outcome.state === "failed" ? { ...outcome, attempts: Math.max(outcome.attempts, attempts) } : outcome;
}
