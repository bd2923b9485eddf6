/** Records of outcomes on the NATS server: failed inputs and skipped inputs, with one record for each input. */

import type { Outcome } from "../../core/accounting/ledger.js";
import type { Input, InputDraft } from "../../core/input/input.js";
import { type DeadLetter, referencesOf } from "../../core/journal/dead-letters.js";
import { reportText } from "../../core/report/reason-groups.js";
import type { NatsServer } from "../nats-server.js";
import { partsOf } from "../streams.js";

/** A failed input on the stream of failed inputs: a dead letter, and the number of its message. */
export interface FailedInput extends DeadLetter {
  /** Sequence of its message on the stream of inputs. */
  sequence: number;
}

/** A skipped input on the stream of skipped inputs. */
export interface SkippedInput {
  sequence: number;
  origin: string;
  reason: string;
}

/** An outcome as the NATS server stores it. An ok input has no record. */
export type OutcomeRecord =
  | { state: "ok" }
  | { state: "failed"; record: FailedInput }
  | { state: "skipped"; record: SkippedInput };

type Final = Exclude<Outcome, { state: "pending" }>;

/** Part of the server's message limit that a claim needs besides the record in it. */
const claimBytes = 1024;

/** Makes the record of an outcome. A record that exceeds `maxBytes` loses its input: the server would refuse it each time. */
export function recordOf(
  sequence: number,
  { origin, listed }: Pick<DeadLetter, "origin" | "listed">,
  outcome: Final,
  input: Input | InputDraft | undefined,
  maxBytes: number,
): OutcomeRecord {
  const { state } = outcome;
  if (state === "ok") return { state };
  const reason = reportText(outcome.reason);
  if (state === "skipped") return { state, record: { sequence, origin: reportText(origin), reason } };
  const { code, stage, attempts, retryable = false } = outcome;
  const record: FailedInput = {
    sequence,
    source: "jetstream",
    origin: reportText(origin),
    id: input?.id,
    code,
    stage,
    attempts,
    retryable,
    reason,
    ...(input && referencesOf(input)),
    listed,
  };
  if (Buffer.byteLength(JSON.stringify(record)) > maxBytes - claimBytes) {
    for (const field of ["input", "secret", "listed"] as const) delete record[field];
  }
  return { state, record };
}

/** Stores outcomes on the streams of failed and skipped inputs. To store an outcome twice changes nothing. */
export class OutcomeRecords {
  readonly #nats: NatsServer;
  readonly #stream: string;

  constructor(nats: NatsServer, stream: string) {
    this.#nats = nats;
    this.#stream = stream;
  }

  /**
   * Stores the outcome of an input. `isRedelivered`: an earlier delivery may have stored a failure, which is deleted if the input did not fail after all.
   */
  async store(sequence: number, outcome: OutcomeRecord, isRedelivered: boolean, signal?: AbortSignal): Promise<void> {
    const { failed, skipped } = partsOf(this.#stream);
    if (outcome.state === "failed") {
      const text = JSON.stringify(outcome.record);
      await this.#nats.publish(failed.stream, failed.subject(sequence), text, {}, signal);
      return;
    }
    if (outcome.state === "skipped") await this.#storeOnce(skipped.subject(sequence), outcome.record, signal);
    if (!isRedelivered) return;
    const purge = () => this.#nats.manager.streams.purge(failed.stream, { filter: failed.subject(sequence) });
    await this.#nats.callWithRetry(purge, signal);
  }

  async #storeOnce(subject: string, record: SkippedInput, signal?: AbortSignal): Promise<void> {
    const { stream } = partsOf(this.#stream).skipped;
    const options = { expect: { lastSubjectSequence: 0 } };
    try {
      await this.#nats.publish(stream, subject, JSON.stringify(record), options, signal);
    } catch (error) {
      if (!this.#nats.isOutdated(error)) throw error; // an earlier attempt stored it
    }
  }
}
