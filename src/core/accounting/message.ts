/** A message: one input in flight, with its one settlement. */

import type { Encoded } from "../../clarifai/wire/encoding.js";
import { codeOf, describeThrown, FlowError, InputError, OptionsError } from "../errors.js";
import { type Input, kindOf, mediaOf } from "../input/input.js";
import { inputText, inspectCustom } from "../input/input-text.js";
import { inputFrom } from "../input/transform-result.js";
import { printable } from "../util/format.js";
import type { Outcome } from "./ledger.js";
import type { RunContext } from "./run-context.js";
import { forgetDropped, settleWhenDropped } from "./settle-dropped.js";
import type { Listed, SameId, Tracking } from "./tracking.js";

const rank = { ok: 0, skipped: 1, pending: 2, failed: 3 } as const;

/** The life of one input as it was read, shared by all messages made from it. */
class Ticket {
  parts = 1;
  worst: Outcome | undefined;
  note: string | undefined;
  remarks: readonly string[] | undefined;
  /** Some part of it is where it should be. */
  done = false;
  /** Some part of it is not where it should be. */
  missing = false;
  constructor(
    readonly context: RunContext,
    readonly sequence: number,
    readonly origin: string,
    readonly source: Input,
    readonly kept: Tracking | undefined,
    readonly sameId: SameId | undefined,
  ) {}

  settlePart(outcome: Outcome): void {
    if (!this.worst || rank[outcome.state] > rank[this.worst.state]) this.worst = outcome;
    if (outcome.state === "ok" || ("done" in outcome && outcome.done)) this.done = true;
    else this.missing = true;
    this.parts -= 1;
    if (this.parts > 0) return;
    if (this.kept?.acknowledge) forgetDropped(this);
    const { context, sequence, origin, source, kept } = this;
    const worst = withDone(this.worst, this.done, this.missing);
    context.settle({ sequence, origin, id: source.id, kind: kindOf(source), outcome: worst }, kept, source);
  }
}

/** What a journal counts as finished: a dropped input that another part stands for, and a failed one of which no part is missing. */
function withDone(worst: Outcome, done: boolean, missing: boolean): Outcome {
  if (worst.state === "skipped") return done ? { ...worst, done } : worst;
  if (worst.state !== "failed" || worst.done === undefined) return worst;
  return { ...worst, done: missing ? undefined : true };
}

/**
 * One input in flight. A stage that keeps it beyond its own `next` call holds it, and lets go when it has passed it on.
 * It is settled exactly once; later calls of `settle` change nothing.
 */
export class Message<T extends Input = Input> {
  #value: T;
  /** The encoded form, kept by the first stage that needs it. */
  encoded: Encoded | undefined;
  readonly #ticket: Ticket;
  #holds = 0;
  #heldBytes = 0;
  #settled = false;
  /** Others stand for it. */
  #spent = false;
  /** Sinks that have written it. */
  #written: number;

  constructor(value: T, ticket: Ticket, written = 0) {
    this.#value = value;
    this.#ticket = ticket;
    this.#written = written;
    if (written > 0) ticket.context.written.add(this);
  }

  /** Makes the message of an input that was just read, and counts it. */
  static read<T extends Input>(
    context: RunContext,
    origin: string,
    value: T,
    kept?: Tracking,
    sameId?: SameId,
  ): Message<T> {
    const ticket = new Ticket(context, context.ledger.read(), origin, value, kept, sameId);
    if (kept?.acknowledge) settleWhenDropped(ticket, ticket);
    return new Message(value, ticket);
  }

  get value(): T {
    return this.#value;
  }

  get context(): RunContext {
    return this.#ticket.context;
  }

  /** Where the input came from, for people: `photos/a.jpg`, `boxes.csv:17`. */
  get origin(): string {
    return this.#ticket.origin;
  }

  /** The number of the input in its run; parts of one input share it. */
  get sequence(): number {
    return this.#ticket.sequence;
  }

  /** What it means when another input of the run has the same id; undefined: a mistake. */
  get sameId(): SameId | undefined {
    return this.#ticket.sameId;
  }

  /** The input as it was read, before any transform. */
  get source(): Input {
    return this.#ticket.source;
  }

  /** The state of the input on the platform that it was listed from. */
  get listed(): Listed | undefined {
    return this.#ticket.kept?.listed;
  }

  get settled(): boolean {
    return this.#settled;
  }

  get held(): boolean {
    return this.#holds > 0;
  }

  /**
   * The same message with a changed input, which is checked and frozen; this one is spent. New files are not read here: that takes `transform`.
   *
   * @throws {InputError} ERR_TRANSFORM_RESULT
   */
  with<U extends Input>(value: U): Message<U> {
    return this.into([this.#checked(value, "with")])[0] as Message<U>;
  }

  /**
   * One message for each part; each is checked and frozen as in `with`. The input settles with its last part, by the worst of their outcomes.
   *
   * @throws {InputError} ERR_TRANSFORM_RESULT
   */
  split<U extends Input>(values: readonly U[]): Message<U>[] {
    return this.into(values.map((value) => this.#checked(value, "split"))) as Message<U>[];
  }

  #checked(value: Input, method: string): Input {
    const made = inputFrom(value, this.#value, `message.${method}`);
    if (!(made instanceof Promise)) return made;
    made.catch(() => undefined); // nobody waits for it
    const text = `message.${method}: new bytes and new text files have to be read first; change them with transform`;
    throw new InputError("ERR_TRANSFORM_RESULT", text);
  }

  /** A message for each input, which was checked and is frozen; this one is spent. */
  into(values: readonly Input[]): Message[] {
    if (values.length === 1 && values[0] === this.#value) return [this];
    this.#spent = true;
    this.context.written.delete(this);
    this.#ticket.parts += values.length - 1;
    if (values.length === 1) return [new Message(values[0] as Input, this.#ticket, this.#written)];
    return values.map((value) => new Message(value, this.#ticket, this.#written));
  }

  /** Reports that a sink has written the input: what operators behind it do does not change that. */
  wrote(): void {
    this.#written += 1;
  }

  /** Reports that a sink has passed the input on; most have their outcome by now, and the others get it at the end of the run at the latest. */
  passedOn(): void {
    if (!this.#settled && !this.#spent) this.context.written.add(this);
  }

  /** Whether a sink has written the input. */
  get isWritten(): boolean {
    return this.#written > 0;
  }

  /** Whether no sink of the pipe is missing. */
  get #isComplete(): boolean {
    return this.#written > 0 && this.#written >= this.context.sinkCount;
  }

  /** Counts this message against the budgets until each hold is released, or the message is settled. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds > 1) return;
    this.#heldBytes = bytesInMemory(this.value);
    this.context.gate.add(this.#heldBytes);
  }

  /** Takes one hold back. */
  release(): void {
    if (this.#holds === 0) return;
    this.#holds -= 1;
    if (this.#holds === 0) this.context.gate.remove(this.#heldBytes);
  }

  /** At the end of a run: what a sink wrote and an operator dropped is ok; what the next sink may have had is not if the run was stopped. */
  settleWritten(): void {
    if (this.#isComplete || this.context.isWhole) this.settle({ state: "ok" });
  }

  /** Takes a hold back at the end of a stage. If the pipe was cut behind a sink, an input that not all sinks have written is pending. */
  letGo(): void {
    const { cut } = this.context;
    const before = this.isWritten ? "all sinks had written it" : "it was written";
    const reason = `an operator behind ${cut} ended the pipe before ${before}`;
    if (cut === undefined) this.release();
    else this.settle(this.#isComplete ? { state: "ok" } : { state: "pending", reason });
  }

  /** Remembers how the input came to be ok, for the report. */
  note(note: string): void {
    this.#ticket.note = note;
  }

  /** Adds what a transform noted about the input; the report counts it, once for each input, if the input is ok in the end. */
  remark(text: string): void {
    const { remarks = [] } = this.#ticket;
    if (!remarks.includes(text)) this.#ticket.remarks = [...remarks, text];
  }

  get noted(): boolean {
    return this.#ticket.note !== undefined;
  }

  /** The server keeps the input under another id. */
  rename(id: string): void {
    this.#value = Object.freeze({ ...this.#value, id });
    this.note("stored under another id");
  }

  /** Printed, it is its origin and its input in a few lines. */
  [inspectCustom](): string {
    return printable(`Message of ${this.origin}: `) + inputText(this.#value);
  }

  settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#written > 0) this.context.written.delete(this);
    this.#ticket.context.sample?.offer(this.#value, this.#ticket.origin, outcome);
    const { note, remarks } = this.#ticket;
    const isNoted = note !== undefined || remarks !== undefined;
    this.#ticket.settlePart(outcome.state === "ok" && isNoted ? { ...outcome, note, remarks } : outcome);
    this.#holds = Math.min(this.#holds, 1);
    this.release();
  }

  /** `done`: the work was done before, or by another input, so that a journal counts it as finished. */
  skip(reason: string, done = false): void {
    this.settle(done ? { state: "skipped", reason, done } : { state: "skipped", reason });
  }

  /**
   * A sink found that its work was done before. The sinks behind it may not have done theirs, so there the input goes on, with a note; behind the last
   * sink there is nothing left to do.
   */
  doneBefore(reason: string): void {
    if (this.isAtLastSink) this.skip(reason, true);
    else this.note(reason);
  }

  /** Whether no sink lies behind the one that has it now. */
  get isAtLastSink(): boolean {
    return this.#written + 1 >= this.context.sinkCount;
  }

  /** A transform dropped it. What a sink before it wrote is ok. */
  drop(reason: string, done = false): void {
    if (this.isWritten) this.settle({ state: "ok" });
    else this.skip(reason, done);
  }

  /** A failure behind the last sink is reported; a journal counts the input as finished, so that it is not sent again. */
  fail(error: unknown, stage: string, attempts = 1): void {
    this.settle({
      state: "failed",
      code: codeOf(error, "ERR_UNEXPECTED"),
      stage,
      reason: describeThrown(error),
      attempts,
      retryable: error instanceof FlowError && error.retryable,
      ...(this.#isComplete && { done: true }),
    });
  }
}

/** What a stage got that takes messages one by one; anything else is named, with the way to mend it. @throws {OptionsError} ERR_NOT_A_MESSAGE */
export function messageOf(item: unknown, stage: string): Message {
  if (item instanceof Message) return item;
  throw notAMessage(item, stage);
}

/** What a stage got that takes batches too, as messages. @throws {OptionsError} ERR_NOT_A_MESSAGE */
export function messagesOf(item: unknown, stage: string): readonly Message[] {
  if (item instanceof Message) return [item];
  if (Array.isArray(item) && item.every((entry) => entry instanceof Message)) return item;
  throw notAMessage(item, stage);
}

function notAMessage(item: unknown, stage: string): OptionsError {
  const isBatch = Array.isArray(item) && item[0] instanceof Message;
  const text = isBatch
    ? "got a batch where single inputs flow; put it before batch()"
    : `got ${item === null ? "null" : typeof item} where messages flow; an operator before it must pass messages on (change them with transform)`;
  return new OptionsError("ERR_NOT_A_MESSAGE", `${stage}: ${text}`);
}

/** Bytes of an input that are in memory, by count of characters and bytes. */
function bytesInMemory(input: Input): number {
  const media = mediaOf(input);
  const bytes = media && "bytes" in media.content ? media.content.bytes.byteLength : 0;
  return bytes + (input.text?.length ?? 0);
}
