/** Claims: which delivery of an input is the current one. Only the current delivery reports an outcome. */

import { isObject } from "../../core/util/json/json-values.js";
import type { NatsServer } from "../nats-server.js";
import { partsOf } from "../streams.js";
import type { OutcomeRecord } from "./outcome-records.js";

/** What a worker wrote about an input that it received. The newest claim of an input is one message on the NATS server. */
export interface Claim {
  /** Number of the delivery that the claim is about. */
  delivery: number;
  /**
   * "held": the worker has the input and has not begun it. "started": it processes the input. "lookUp": it asks the target for the input. "returned": it
   * returned the input to the stream. "done": it decided the outcome.
   */
  state: "held" | "started" | "lookUp" | "returned" | "done";
  /** Number of deliveries, with this one if it was returned, in which a worker processed the input and did not finish it. */
  tries: number;
  /** Number of those deliveries that ended without an answer, because the worker died or lost the input. */
  losses: number;
  /** The outcome, if the state is "done". */
  outcome?: OutcomeRecord | undefined;
}

interface Stored extends Claim {
  /** Time at which the stream was created. A claim of an earlier stream of the same name is ignored. */
  stream: string;
  worker: string;
}

/** A claim and its revision, with which the next one replaces it. */
export interface Revision {
  claim: Claim | undefined;
  revision: number;
}

/** The answer to an attempt to claim: the own claim, or the one that stands in its way. */
export type Taken = ({ isCurrent: true } & Revision) | { isCurrent: false; claim: Claim };

/** Reads and replaces the claims of one worker. */
export class Claims {
  readonly #nats: NatsServer;
  readonly #stream: string;
  readonly #created: string;
  readonly #worker: string;

  /** `created` is the time at which the stream was created, and `worker` a name that no other worker has. */
  constructor(nats: NatsServer, stream: string, created: string, worker: string) {
    this.#nats = nats;
    this.#stream = stream;
    this.#created = created;
    this.#worker = worker;
  }

  /**
   * Replaces the claim of an input by `next(previous)`, unless a later delivery has claimed the input or its outcome is decided. The server compares
   * the revision, so one of two workers succeeds. `known` saves a read.
   */
  async take(
    sequence: number,
    delivery: number,
    next: (previous: Claim | undefined) => Claim,
    known?: Revision,
    signal?: AbortSignal,
  ): Promise<Taken> {
    let sent: string | undefined;
    for (let previous = known; ; previous = undefined) {
      const { claim, revision, text } = previous
        ? { ...previous, text: undefined }
        : await this.#read(sequence, signal);
      if (claim && text !== undefined && text === sent) return { isCurrent: true, claim, revision }; // the answer was lost
      if (claim && (claim.state === "done" || claim.delivery > delivery)) return { isCurrent: false, claim };
      const wanted = next(claim);
      sent = this.#encode(wanted);
      const written = await this.#write(sequence, sent, revision, signal);
      if (written !== undefined) return { isCurrent: true, claim: wanted, revision: written };
    }
  }

  /** Replaces a claim without waiting for the answer. The server ignores it if the claim has changed. */
  send(sequence: number, claim: Claim, revision: number): void {
    const headers = this.#nats.packages.headers();
    headers.set("Nats-Expected-Last-Subject-Sequence", `${revision}`);
    const subject = partsOf(this.#stream).workers.claim(sequence);
    this.#nats.connection.publish(subject, this.#encode(claim), { headers });
  }

  #encode(claim: Claim): string {
    const stored: Stored = { ...claim, stream: this.#created, worker: this.#worker };
    return JSON.stringify(stored);
  }

  async #read(sequence: number, signal?: AbortSignal): Promise<Revision & { text: string | undefined }> {
    const { stream, claim: subject } = partsOf(this.#stream).workers;
    const message = await this.#nats.lastMessage(stream, subject(sequence), signal);
    if (!message) return { claim: undefined, revision: 0, text: undefined };
    const text = message.string();
    const claim = parsed(text);
    return { claim: claim?.stream === this.#created ? claim : undefined, revision: message.seq, text };
  }

  /** Returns the new revision; undefined if another worker replaced the claim first. */
  async #write(sequence: number, text: string, revision: number, signal?: AbortSignal): Promise<number | undefined> {
    const { stream, claim: subject } = partsOf(this.#stream).workers;
    const options = { expect: { lastSubjectSequence: revision } };
    try {
      return (await this.#nats.publish(stream, subject(sequence), text, options, signal)).seq;
    } catch (error) {
      if (this.#nats.isOutdated(error)) return undefined;
      throw error;
    }
  }
}

/** Parses a claim. Returns undefined for a message that is not one. */
function parsed(text: string): Stored | undefined {
  try {
    const claim: unknown = JSON.parse(text);
    return isObject(claim) && typeof claim.delivery === "number" ? (claim as unknown as Stored) : undefined;
  } catch {
    return undefined;
  }
}
