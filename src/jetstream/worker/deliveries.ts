/** The messages that this worker has received and not acknowledged: keeps them alive, and answers each one with its outcome. */

import type { ConsumerInfo, JsMsg } from "@nats-io/jetstream";
import type { Outcome } from "../../core/accounting/ledger.js";
import type { Acknowledge, Listed } from "../../core/accounting/tracking.js";
import { describeError, InputError, SourceError } from "../../core/errors.js";
import type { Input, InputDraft } from "../../core/input/input.js";
import type { DeadLetter } from "../../core/journal/dead-letters.js";
import type { ReadContext, SourceItem } from "../../core/plugin/source.js";
import type { NatsServer } from "../nats-server.js";
import { decodeReference, type Reference, resolveFiles } from "../reference.js";
import { partsOf } from "../streams.js";
import { type Claim, Claims } from "./claims.js";
import { finalOutcome } from "./final-outcome.js";
import { type Held, HeldMessages } from "./held-messages.js";
import { claimOfDelivery, isExhausted } from "./isolation.js";
import { type OutcomeRecord, OutcomeRecords, recordOf } from "./outcome-records.js";

export interface DeliveryOptions {
  stream: string;
  /** Time at which the stream was created. */
  created: string;
  /** Name of this worker. */
  worker: string;
  /** Time that the server waits for an acknowledgement before it delivers a message to another worker. */
  ackWaitMs: number;
  maxDeliveries: number;
  root: string | undefined;
  /** Aborts when the run stops at once. */
  signal: AbortSignal;
  lookUp: ReadContext["lookUp"];
}

/** Delay before a returned message is delivered again; doubled with each delivery. */
const firstDelayMs = 1000;
const longestDelayMs = 60_000;
/** Without this delay, the server would deliver a message that is returned at the end to an open request of this worker, which nobody reads any more. */
const closingDelayMs = 200;
const defaultMaxPayload = 1_048_576;

const lost: Outcome = { state: "skipped", reason: "delivered to another worker, which reports its outcome" };
type Failure = Extract<Outcome, { state: "failed" }>;

/** Tracks the messages that one worker has received and not answered yet. */
export class Deliveries {
  /** Aborts with the error that ends the worker: it can no longer report outcomes. */
  readonly failed: AbortSignal;
  /** Number of outcomes so far. */
  finished = 0;
  /** Time of the last outcome, or of the first message after a time without any. */
  quietSince = performance.now();
  readonly #nats: NatsServer;
  readonly #options: DeliveryOptions;
  readonly #claims: Claims;
  readonly #records: OutcomeRecords;
  readonly #held: HeldMessages;
  readonly #failing = new AbortController();

  constructor(nats: NatsServer, options: DeliveryOptions) {
    const { stream, created, worker, ackWaitMs } = options;
    this.failed = this.#failing.signal;
    this.#nats = nats;
    this.#options = options;
    this.#claims = new Claims(nats, stream, created, worker);
    this.#records = new OutcomeRecords(nats, stream);
    this.#held = new HeldMessages(nats, ackWaitMs);
  }

  /** The number of messages without an answer. */
  get open(): number {
    return this.#held.size;
  }

  /** Number of inputs that wait to be processed in a small group or alone. */
  get waiting(): number {
    return this.#held.waiting;
  }

  /** Adds a message, and returns its item, or a promise of it. No item: this worker has the message already, or it has to wait, or another worker has it. */
  add(message: JsMsg): SourceItem | undefined | Promise<SourceItem | undefined> {
    const sequence = message.seq;
    if (this.#held.size === 0) this.quietSince = performance.now();
    const { held, isKnown } = this.#held.add(message);
    if (held.delivery === 1) return isKnown ? undefined : this.#itemOf(sequence, message);
    // A redelivery may arrive while an earlier one is being claimed, which decides when the input is processed.
    const claiming = held.claiming
      ? held.claiming.then(() => this.#claim(sequence, held, isKnown))
      : this.#claim(sequence, held, isKnown);
    held.claiming = this.#orLose(sequence, claiming);
    return held.claiming;
  }

  /**
   * Acknowledges the oldest unacknowledged message of the consumer if it is no longer on the stream. A server that was killed may have deleted an
   * acknowledged message and lost the acknowledgement; it would wait for it forever, and the report would never close.
   */
  async acknowledgeMissing({ name, ack_floor, delivered }: ConsumerInfo): Promise<void> {
    const sequence = ack_floor.stream_seq + 1;
    if (sequence > delivered.stream_seq || this.#held.get(sequence) || (await this.#isOnStream(sequence))) return;
    const { stream } = this.#options;
    const subject = ["$JS.ACK", stream, name, 1, sequence, ack_floor.consumer_seq + 1, Date.now() * 1e6, 0].join(".");
    this.#nats.connection.publish(subject);
  }

  /** Returns the next inputs that are processed together: at first those that were lost least often. */
  async nextGroup(): Promise<SourceItem[]> {
    const group = this.#held.nextGroup(this.#options.maxDeliveries);
    const items = await Promise.all(
      group.map(([sequence, held]) => this.#orLose(sequence, this.#start(sequence, held))),
    );
    return items.filter((item) => item !== undefined);
  }

  /** Returns all messages without an answer to the server. A message that another worker may have is left to the server. */
  close(): void {
    for (const [sequence, { message, delivery, claimed }] of this.#held.close()) {
      const { tries, losses } = claimed.claim ?? { tries: 0, losses: 0 };
      if (claimed.claim || delivery === 1) {
        this.#claims.send(sequence, { delivery, state: "returned", tries, losses }, claimed.revision);
      }
      message.nak(closingDelayMs);
    }
  }

  /** Claims a redelivered message, and decides when it is processed. */
  async #claim(sequence: number, held: Held, isKnown: boolean): Promise<SourceItem | undefined> {
    if (this.#held.get(sequence) !== held) return undefined; // another worker has it
    const { message, delivery } = held;
    const { maxDeliveries } = this.#options;
    const next = (previous: Claim | undefined): Claim => {
      const { tries = 0, losses = 0, state = "started" } = (isKnown && held.claimed.claim) || {};
      return isKnown ? { delivery, state, tries, losses } : claimOfDelivery(delivery, maxDeliveries, previous);
    };
    const taken = await this.#claims.take(sequence, delivery, next, undefined, this.#options.signal);
    if (!taken.isCurrent) {
      await this.#leave(sequence, held, taken.claim);
      return undefined;
    }
    Object.assign(held, { claimed: taken, isDoubtful: false });
    const { claim } = taken;
    if (isKnown || !claim) return undefined;
    if (isExhausted(claim.losses, maxDeliveries)) return this.#exhaustedItem(sequence, message, claim);
    const item = this.#itemOf(sequence, message);
    if (claim.state === "started") return item;
    held.waiting = item;
    return undefined;
  }

  /** Loses a message that could not be claimed, for example because the server was away for long: the server delivers it again. */
  #orLose(sequence: number, claiming: Promise<SourceItem | undefined>): Promise<SourceItem | undefined> {
    return claiming.catch((error: unknown) => {
      if (error instanceof SourceError) this.#failing.abort(error);
      if (!this.#options.signal.aborted) this.#held.delete(sequence); // close() returns it otherwise
      return undefined;
    });
  }

  /** Marks a waiting input as started. Returns no item if another worker has the message. */
  async #start(sequence: number, held: Held): Promise<SourceItem | undefined> {
    const { waiting: item, delivery, claimed } = held;
    held.waiting = undefined;
    const start = (): Claim => ({ ...(claimed.claim as Claim), state: "started" });
    const taken = await this.#claims.take(sequence, delivery, start, claimed, this.#options.signal);
    if (taken.isCurrent) held.claimed = taken;
    else await this.#leave(sequence, held, taken.claim);
    return taken.isCurrent ? item : undefined;
  }

  /** Leaves a message to the worker that claimed it later. If that worker decided the outcome and died, completes its work. */
  async #leave(sequence: number, { message }: Held, { state, outcome, delivery }: Claim): Promise<void> {
    this.#held.delete(sequence);
    if (state !== "done" || !outcome || delivery > message.info.deliveryCount) return;
    await this.#records.store(sequence, outcome, true, this.#options.signal);
    message.ack();
  }

  #itemOf(sequence: number, { data }: JsMsg): SourceItem {
    const { stream, root } = this.#options;
    let origin = `${stream}:${sequence}`;
    let listed: Listed | undefined;
    const acknowledge: Acknowledge = (outcome, input) => this.#answer(sequence, { origin, listed }, outcome, input);
    try {
      const reference = decodeReference(data);
      ({ origin, listed } = reference);
      return { ...reference, input: resolveFiles(reference.input, root), acknowledge, sameId: "again" };
    } catch (error) {
      return { origin, error: error as Error, acknowledge };
    }
  }

  /** The item of an input that no worker finished: it fails, unless the target has it. */
  async #exhaustedItem(sequence: number, { data }: JsMsg, { state, tries }: Claim): Promise<SourceItem> {
    const { stream, root, signal } = this.#options;
    let reference: Reference;
    try {
      reference = decodeReference(data);
      reference.input = resolveFiles(reference.input, root);
    } catch (error) {
      const origin = `${stream}:${sequence}`;
      return { origin, error: error as Error, acknowledge: (outcome) => this.#answer(sequence, { origin }, outcome) };
    }
    const { origin, input, listed } = reference;
    const found = state === "lookUp" ? await this.#options.lookUp?.(input).catch(() => undefined) : undefined;
    signal.throwIfAborted();
    const hint =
      found === "other"
        ? "the target has an input of this id that may not be this one: compare them"
        : "process it alone with sluice run";
    const text = `jetstream: ${tries} deliveries of the input ended without an outcome, the last of them alone in its worker; ${hint}`;
    return {
      origin,
      error: new InputError("ERR_MAX_DELIVERIES", text),
      acknowledge: (outcome) => {
        const answer: Outcome = found === "stored" ? { state: "ok", note: "recovered" } : outcome;
        return this.#answer(sequence, { origin, listed }, answer, input);
      },
    };
  }

  /** Records an outcome on the server and acknowledges the message, or returns the message for redelivery. */
  async #answer(
    sequence: number,
    from: Pick<DeadLetter, "origin" | "listed">,
    reported: Outcome,
    input?: Input | InputDraft,
  ): Promise<Outcome> {
    const held = this.#held.get(sequence);
    await held?.claiming;
    if (!held || this.#held.get(sequence) !== held) return lost;
    const tries = (held.claimed.claim?.tries ?? 0) + 1;
    const outcome = finalOutcome(reported, tries, held.delivery);
    try {
      const isReturned = outcome.state === "failed" && outcome.retryable && tries < this.#options.maxDeliveries;
      if (isReturned) return await this.#return(sequence, held, tries, outcome);
      const maxBytes = this.#nats.connection.info?.max_payload ?? defaultMaxPayload;
      const record = recordOf(sequence, from, outcome, input, maxBytes);
      return (await this.#finish(sequence, held, record)) ? outcome : lost;
    } catch (error) {
      if (this.#options.signal.aborted) return outcome; // close() returns the message with all others
      if (error instanceof SourceError) this.#failing.abort(error);
      this.#held.delete(sequence);
      if (this.#held.isOwn(held)) held.message.nak(longestDelayMs);
      return { state: "pending", reason: `the NATS server did not accept the outcome: ${describeError(error)}` };
    }
  }

  /** Returns a message that may succeed later, with a delay. */
  async #return(sequence: number, held: Held, tries: number, { reason }: Failure): Promise<Outcome> {
    const { delivery, claimed } = held;
    const losses = claimed.claim?.losses ?? 0;
    if (!(await this.#decide(sequence, held, { delivery, state: "returned", tries, losses }))) return lost;
    this.#close(sequence);
    held.message.nak(Math.min(firstDelayMs * 2 ** (tries - 1), longestDelayMs));
    return { state: "skipped", reason: `returned for redelivery: ${reason}` };
  }

  /**
   * Stores an outcome and acknowledges the message. Returns false if another worker reports the outcome.
   *
   * The outcome becomes part of the claim first. So of two workers with the same input, one decides, and if it dies, the next one finds its decision.
   * Without a failure, a first delivery that is certainly its own needs no claim.
   */
  async #finish(sequence: number, held: Held, outcome: OutcomeRecord): Promise<boolean> {
    const { delivery, claimed } = held;
    const isRedelivered = delivery > 1;
    if (outcome.state === "failed" || isRedelivered || !this.#held.isOwn(held)) {
      const { tries = 0, losses = 0 } = claimed.claim ?? {};
      if (!(await this.#decide(sequence, held, { delivery, state: "done", tries, losses, outcome }))) return false;
    }
    await this.#records.store(sequence, outcome, isRedelivered, this.#options.signal);
    this.#close(sequence);
    held.message.ack();
    return true;
  }

  /** Writes the last claim of a delivery. Returns false if another worker has the input, or finished it. */
  async #decide(sequence: number, held: Held, claim: Claim): Promise<boolean> {
    const { delivery, claimed } = held;
    if (delivery === 1 && !this.#held.isOwn(held) && !(await this.#isOnStream(sequence))) {
      this.#held.delete(sequence);
      return false;
    }
    const taken = await this.#claims.take(sequence, delivery, () => claim, claimed, this.#options.signal);
    if (!taken.isCurrent) this.#held.delete(sequence); // its next delivery completes what the other worker decided
    return taken.isCurrent;
  }

  /** Whether the input is unfinished: the server deletes an acknowledged message. */
  async #isOnStream(sequence: number): Promise<boolean> {
    const { stream } = partsOf(this.#options.stream).work;
    const get = () => this.#nats.manager.streams.getMessage(stream, { seq: sequence });
    return (await this.#nats.callWithRetry(get, this.#options.signal)) !== null;
  }

  #close(sequence: number): void {
    this.#held.delete(sequence);
    this.finished += 1;
    this.quietSince = performance.now();
  }
}
