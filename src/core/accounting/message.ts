/** A message: one input in flight, with its one settlement. */

import { codeOf, describeThrown, FlowError, InputError } from "../errors.js";
import type { Input } from "../input/input.js";
import { inputText, inspectCustom } from "../input/input-text.js";
import { inputFrom } from "../input/transform-result.js";
import { printable } from "../util/format/format.js";
import { bytesInMemory } from "./bytes-in-memory.js";
import { InputInFlight } from "./input-in-flight.js";
import type { Outcome } from "./ledger.js";
import type { RunContext } from "./run-context.js";
import type { Listed, SameId, Tracking } from "./tracking.js";

/** Measures an input as a platform receives it. */
type Measure<M> = (input: Input) => M;

/**
 * One input in flight. A stage that keeps a message beyond its `next` call holds it, and releases it after it passed the message on. A message settles
 * exactly once; later calls of `settle` change nothing.
 */
export class Message<T extends Input = Input> {
  #value: T;
  readonly #input: InputInFlight;
  #holds = 0;
  #heldBytes = 0;
  #settled = false;
  /** The messages that were made from it. */
  #replacements: readonly Message[] | undefined;
  /** Number of sinks that have written it. */
  #written: number;
  #measure: Measure<unknown> | undefined;
  #measurement: unknown;

  constructor(value: T, input: InputInFlight, written = 0) {
    this.#value = value;
    this.#input = input;
    this.#written = written;
    if (written > 0) input.context.accounting.written.add(this);
  }

  /** Counts an input that was read, and makes its message. */
  static read<T extends Input>(
    context: RunContext,
    origin: string,
    value: T,
    tracking?: Tracking,
    sameId?: SameId,
  ): Message<T> {
    const sequence = context.accounting.ledger.read();
    return new Message(value, new InputInFlight(context, sequence, origin, value, tracking, sameId));
  }

  get value(): T {
    return this.#value;
  }

  get context(): RunContext {
    return this.#input.context;
  }

  /** Where the input came from, for people: `photos/a.jpg`, `boxes.csv:17`. */
  get origin(): string {
    return this.#input.origin;
  }

  /** The number of the input in its run; parts of one input share it. */
  get sequence(): number {
    return this.#input.sequence;
  }

  /** What to do if another input of the run has the same id; undefined: the second one fails. */
  get sameId(): SameId | undefined {
    return this.#input.sameId;
  }

  /** The input as it was read, before any transform. */
  get source(): Input {
    return this.#input.source;
  }

  /** The state of the input on the platform that it was listed from. */
  get listed(): Listed | undefined {
    return this.#input.tracking?.listed;
  }

  get settled(): boolean {
    return this.#settled;
  }

  get held(): boolean {
    return this.#holds > 0;
  }

  /** Returns the messages that stand for the input now: this one, or those that `with` and `split` made from it. */
  get current(): readonly Message[] {
    return this.#replacements?.flatMap((message) => message.current) ?? [this];
  }

  /**
   * Checks and freezes a changed input, and returns its message, which replaces this one. Only `transform` can read a new file or text file.
   *
   * @throws {InputError} ERR_TRANSFORM_RESULT
   */
  with<U extends Input>(value: U): Message<U> {
    return this.into([this.#checked(value, "with")])[0] as Message<U>;
  }

  /**
   * Checks and freezes the parts of an input as `with` does, and returns one message per part. The input settles with its last part, with the worst of
   * their outcomes.
   *
   * @throws {InputError} ERR_TRANSFORM_RESULT
   */
  split<U extends Input>(values: readonly U[]): Message<U>[] {
    return this.into(values.map((value) => this.#checked(value, "split"))) as Message<U>[];
  }

  #checked(value: Input, method: string): Input {
    const result = inputFrom(value, this.#value, `message.${method}`);
    if (!(result instanceof Promise)) return result;
    result.catch(() => undefined); // avoids an unhandled rejection
    const text = `message.${method}: a new file or text file can be read only in a transform, so use transform`;
    throw new InputError("ERR_TRANSFORM_RESULT", text);
  }

  /** Returns one message for each input, which must be checked and frozen. They replace this message. */
  into(values: readonly Input[]): Message[] {
    if (values.length === 1 && values[0] === this.#value) return [this];
    this.context.accounting.written.delete(this);
    this.#input.parts += values.length - 1;
    const replacements = values.map((value) => new Message(value, this.#input, this.#written));
    this.#replacements = replacements;
    return replacements;
  }

  /**
   * Measures the input with `measure`. The result is cached until another function measures the input or it changes, so a batch and a sink with the same
   * policy measure each input once. Throws what `measure` throws.
   */
  measured<M>(measure: Measure<M>): M {
    if (this.#measure !== measure) {
      this.#measurement = measure(this.#value);
      this.#measure = measure;
    }
    return this.#measurement as M;
  }

  /** Frees the cached measurement. */
  forgetMeasurement(): void {
    this.#measure = undefined;
    this.#measurement = undefined;
  }

  /** Reports that a sink wrote the input. Operators after the sink cannot change that. */
  wrote(): void {
    this.#written += 1;
  }

  /** Reports that a sink passed the input on. An input that has no outcome yet gets it at the end of the run at the latest. */
  passedOn(): void {
    if (!this.#settled && !this.#replacements) this.context.accounting.written.add(this);
  }

  /** Whether a sink wrote the input. */
  get isWritten(): boolean {
    return this.#written > 0;
  }

  /** Whether all sinks of the flow wrote the input. */
  get #isComplete(): boolean {
    return this.#written > 0 && this.#written >= this.context.stages.sinkCount;
  }

  /** Whether the sink that has the message now is the last one of the flow. */
  get isAtLastSink(): boolean {
    return this.#written + 1 >= this.context.stages.sinkCount;
  }

  /** Counts this message against the budgets until each hold is released, or the message is settled. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds > 1) return;
    this.#heldBytes = bytesInMemory(this.value);
    this.context.accounting.budget.add(this.#heldBytes);
  }

  /** Releases one hold. */
  release(): void {
    if (this.#holds === 0) return;
    this.#holds -= 1;
    if (this.#holds === 0) this.context.accounting.budget.remove(this.#heldBytes);
  }

  /** Settles, at the end of a run, an input that a sink wrote: ok, unless the run was stopped before the next sink could write it. */
  settleWritten(): void {
    if (this.#isComplete || this.context.lifecycle.isComplete) this.settle({ state: "ok" });
  }

  /** Releases a hold at the end of a stage. If an operator ended the stream behind a sink, an input that not all sinks have written is pending. */
  letGo(): void {
    const { cut } = this.context.lifecycle;
    if (cut === undefined) {
      this.release();
      return;
    }
    const before = this.isWritten ? "all sinks had written it" : "it was written";
    const reason = `an operator behind ${cut} ended the pipe before ${before}`;
    this.settle(this.#isComplete ? { state: "ok" } : { state: "pending", reason });
  }

  /** Sets a note for the report, such as `recovered`. If the input is ok in the end, the report counts it under this note. */
  note(note: string): void {
    this.#input.note = note;
  }

  /** Whether the message has a note. */
  get noted(): boolean {
    return this.#input.note !== undefined;
  }

  /** Adds a note of a plugin. If the input is ok in the end, the report counts it once under this text. */
  remark(text: string): void {
    const { remarks = [] } = this.#input;
    if (!remarks.includes(text)) this.#input.remarks = [...remarks, text];
  }

  /** Registers a function that is called when the input has its outcome, and at the latest at the end of the run. */
  whenSettled(close: () => void | Promise<void>): void {
    this.#input.whenSettled(close);
  }

  /** Changes the id to the one under which the server stored the input. */
  rename(id: string): void {
    this.#value = Object.freeze({ ...this.#value, id });
    this.forgetMeasurement();
    this.note("stored under another id");
  }

  /** Prints the origin and the input in a few lines. */
  [inspectCustom](): string {
    return printable(`Message of ${this.origin}: `) + inputText(this.#value);
  }

  /** Settles the message with its outcome. Later calls change nothing. */
  settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    const { accounting } = this.context;
    if (this.#written > 0) accounting.written.delete(this);
    accounting.onOutcome?.(this.#value, this.origin, outcome);
    const { note, remarks } = this.#input;
    const isNoted = note !== undefined || remarks !== undefined;
    this.#input.settlePart(outcome.state === "ok" && isNoted ? { ...outcome, note, remarks } : outcome);
    this.#holds = Math.min(this.#holds, 1);
    this.release();
  }

  /** Settles the input as skipped. `done`: the work was done before, or for another input, so a journal counts the input as finished. */
  skip(reason: string, done = false): void {
    this.settle(done ? { state: "skipped", reason, done } : { state: "skipped", reason });
  }

  /**
   * Reports that the work of this sink was done before. Before further sinks, which may not have done theirs, the input gets a note and passes on; at the
   * last sink it is skipped.
   */
  doneBefore(reason: string): void {
    if (this.isAtLastSink) this.skip(reason, true);
    else this.note(reason);
  }

  /** Settles an input that a transform or an operator dropped: ok if a sink wrote it before, else skipped. */
  drop(reason: string, done = false): void {
    if (this.isWritten) this.settle({ state: "ok" });
    else this.skip(reason, done);
  }

  /** Settles the input as failed. A journal counts a failure after the last sink as finished, so that the input is not sent again. */
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
