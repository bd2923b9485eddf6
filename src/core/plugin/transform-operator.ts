/** The stage of a transform: keeps order, limits concurrency, settles dropped and failed inputs. */

import { setMaxListeners } from "node:events";
import type { Observable as RxObservable, Subscriber } from "rxjs";
import { messageOf } from "../accounting/check-message.js";
import type { Settlement } from "../accounting/ledger.js";
import type { Message } from "../accounting/message.js";
import type { RunContext } from "../accounting/run-context.js";
import { InputError } from "../errors.js";
import type { RecordPart } from "../input/filter/filters.js";
import type { Input } from "../input/input.js";
import { inputsFrom, type TransformedInputs } from "../input/transform-result.js";
import { longestTimerMs } from "../net/deadline.js";
import { linkAborts } from "../util/link-aborts.js";
import { guarded } from "../util/observable.js";
import { isThenable, whenThere } from "../util/thenable.js";
import { type Stage, stageStream } from "./stage.js";
import type { TransformContext } from "./transform.js";

/** A transform with its options. */
interface Bound {
  name: string;
  concurrency: number;
  timeoutMs: number | undefined;
  dropsAreDone: boolean | undefined;
  parts?: readonly RecordPart[] | undefined;
  open(): unknown;
  conclude?: ((state: unknown) => readonly string[]) | undefined;
  settled?: ((settlement: Settlement, state: unknown) => void) | undefined;
  close?: ((state: unknown) => unknown) | undefined;
  apply(input: Input, context: TransformContext & { state: never }): unknown;
}

/** An input that waits to be processed, or for its result. */
interface Task {
  message: Message;
  done: boolean;
  result: TransformedInputs;
  failure: { error: unknown } | undefined;
}

/** Maximum number of inputs in the queue, or twice the concurrency if that is more. At this number, sources are not read. */
const maxQueued = 16;

/**
 * Makes the stage of a transform. It keeps order, and processes `concurrency` inputs at once if `apply` is async. An input on which `apply` throws settles
 * as failed, one for which it returns nothing as skipped, and the stream continues. Completes after the last input.
 */
export function transformOperator(transform: Bound): Stage<Message, Message> {
  return (input) =>
    stageStream<Message>(input, { kind: "transform", name: transform.name, parts: transform.parts }, (output) =>
      new TransformRunner(transform, output).run(input),
    );
}

/** One run of a transform. */
class TransformRunner {
  readonly #transform: Bound;
  readonly #output: Subscriber<Message>;
  readonly #abort = new AbortController();
  readonly #state: never;
  readonly #maxQueued: number;
  #queue: Task[] = [];
  /** Index of the oldest task that is not emitted, and of the oldest that is not started. */
  #first = 0;
  #unstarted = 0;
  #running = 0;
  #completed = false;
  /** Whether the run does not know the transform's `conclude` and `settled` yet. */
  #isUnknown: boolean;
  #context: RunContext | undefined;
  #removeSaturated: (() => void) | undefined;

  constructor(transform: Bound, output: Subscriber<Message>) {
    this.#transform = transform;
    this.#output = output;
    this.#maxQueued = Math.max(maxQueued, 2 * transform.concurrency);
    this.#state = transform.open() as never;
    this.#isUnknown = transform.conclude !== undefined || transform.settled !== undefined;
    setMaxListeners(0, this.#abort.signal); // with `timeoutMs`, each input in progress adds a listener
  }

  run(input: RxObservable<Message>): () => void {
    const subscription = input.subscribe({
      next: guarded(this.#output, (item) => this.#add(messageOf(item, this.#transform.name))),
      error: (error: unknown) => this.#output.error(error),
      complete: () => {
        this.#completed = true;
        this.#emitDone();
      },
    });
    return () => {
      subscription.unsubscribe();
      this.#abort.abort();
      this.#removeSaturated?.();
      this.#close();
      for (const task of this.#queue.slice(this.#first)) task.message.letGo();
    };
  }

  /** Closes the state, and makes the run wait for it. An error means that something stays open; no input depends on it. */
  #close(): void {
    const { close } = this.#transform;
    if (!close || !this.#context) return;
    const closing = (async () => close(this.#state))();
    this.#context.lifecycle.track(closing.catch(() => undefined));
  }

  /** Transforms a message at once if none waits before it. A synchronous result is emitted at once. */
  #add(message: Message): void {
    if (message.settled) return;
    if (this.#isUnknown) this.#register(message.context);
    if (this.#queue.length > 0 || this.#running >= this.#transform.concurrency) {
      this.#enqueue(message);
      this.#start();
      return;
    }
    let result: TransformedInputs | Promise<TransformedInputs>;
    try {
      result = this.#apply(message);
    } catch (error) {
      message.fail(error, this.#transform.name);
      return;
    }
    if (result instanceof Promise) {
      const task = this.#enqueue(message);
      this.#unstarted = this.#queue.length;
      this.#follow(task, result);
    } else this.#emit(message, result);
  }

  #register({ accounting }: RunContext): void {
    this.#isUnknown = false;
    const { name, conclude, settled } = this.#transform;
    if (conclude) accounting.conclusions.push({ stage: name, lines: () => conclude(this.#state) });
    if (!settled) return;
    accounting.ledger.onSettled((settlement) => {
      try {
        settled(settlement, this.#state);
      } catch {
        // The outcome is that of the input; a transform cannot change it any more.
      }
    });
  }

  #enqueue(message: Message): Task {
    message.hold();
    this.#context ??= message.context;
    if (!this.#removeSaturated) {
      const { accounting, lifecycle } = message.context;
      lifecycle.waits.add(() => this.#describe());
      this.#removeSaturated = accounting.budget.onSaturated(() => this.#queue.length - this.#first >= this.#maxQueued);
    }
    const task: Task = { message, done: false, result: undefined, failure: undefined };
    this.#queue.push(task);
    return task;
  }

  /** Starts tasks while there is capacity. Results that wait for a slower one before them use memory, so they count too. */
  #start(): void {
    this.#unstarted = Math.max(this.#unstarted, this.#first);
    const end = Math.min(this.#queue.length, this.#first + this.#maxQueued);
    while (this.#running < this.#transform.concurrency && this.#unstarted < end) {
      const task = this.#queue[this.#unstarted] as Task;
      this.#unstarted += 1;
      this.#follow(task, new Promise<TransformedInputs>((resolve) => resolve(this.#apply(task.message))));
    }
  }

  #follow(task: Task, result: Promise<TransformedInputs>): void {
    this.#running += 1;
    result
      .then(
        (value) => void (task.result = value),
        (error: unknown) => void (task.failure = { error }),
      )
      .then(() => {
        task.done = true;
        this.#running -= 1;
        this.#emitDone();
        this.#start();
      })
      .catch((error: unknown) => this.#output.error(error));
  }

  /** Emits the finished results at the front of the queue. */
  #emitDone(): void {
    for (let task = this.#queue[this.#first]; task?.done; task = this.#queue[this.#first]) {
      this.#first += 1;
      if (task.failure) task.message.fail(task.failure.error, this.#transform.name);
      else this.#emit(task.message, task.result);
      task.message.release(); // a queued message counts as held
    }
    if (this.#first > 512 || this.#first === this.#queue.length) {
      this.#queue = this.#queue.slice(this.#first);
      this.#unstarted -= this.#first;
      this.#first = 0;
    }
    if (this.#completed && this.#queue.length === 0) this.#output.complete();
  }

  #emit(message: Message, result: TransformedInputs): void {
    const { name, dropsAreDone } = this.#transform;
    if (!result) message.drop(`dropped by ${name}`, dropsAreDone);
    else for (const next of message.into(result)) this.#output.next(next);
  }

  /** Applies the transform to the input of a message, and checks what it returns. */
  #apply(message: Message): TransformedInputs | Promise<TransformedInputs> {
    const { value, origin } = message;
    this.#context ??= message.context;
    const { name, timeoutMs } = this.#transform;
    const context: TransformContext & { state: never } = {
      signal: this.#abort.signal,
      origin,
      note: (text) => message.remark(text),
      whenSettled: (close) => message.whenSettled(close),
      show: (row) => message.context.accounting.onRow?.(name, origin, row),
      dryRun: message.context.dryRun,
      state: this.#state,
    };
    const result =
      timeoutMs === undefined ? this.#transform.apply(value, context) : this.#applyInTime(timeoutMs, value, context);
    return whenThere(result, (returned) => inputsFrom(returned, value, name)) as
      | TransformedInputs
      | Promise<TransformedInputs>;
  }

  /** Applies the transform with a time limit. After it, the signal of the call is aborted, the input fails, and a later result is ignored. */
  #applyInTime(timeoutMs: number, value: Input, context: TransformContext & { state: never }): unknown {
    const { controller: callAbort, unlink } = linkAborts(context.signal);
    let result: unknown;
    try {
      result = this.#transform.apply(value, { ...context, signal: callAbort.signal });
    } finally {
      if (!isThenable(result)) unlink();
    }
    if (!isThenable(result)) return result;
    let timer: NodeJS.Timeout | undefined;
    return new Promise((resolve, reject) => {
      const expire = () => {
        const text = `${this.#transform.name} took longer than ${timeoutMs} ms (timeoutMs)`;
        const late = new InputError("ERR_TRANSFORM_TIMEOUT", text, { retryable: true });
        reject(late);
        callAbort.abort(late);
      };
      timer = setTimeout(expire, Math.min(timeoutMs, longestTimerMs));
      Promise.resolve(result).then(resolve, reject);
    }).finally(() => {
      clearTimeout(timer);
      unlink();
    });
  }

  #describe(): string | undefined {
    const task = this.#queue[this.#first];
    if (!task) return undefined;
    const waiting = this.#queue.length - this.#first;
    return `transform ${this.#transform.name}: for ${this.#running} of ${waiting} inputs, the first is ${task.message.origin}`;
  }
}
