/** A transform as an RxJS operator: keeps order, bounds concurrency, settles what it drops or fails on. */

import type { OperatorFunction } from "rxjs";
import { InputError } from "./errors.js";
import { type Input, InputDraft } from "./input.js";
import { type Message, messageOf } from "./message.js";
import { guarded, Observable } from "./observable.js";
import { shown, type Transform, type TransformContext, type TransformResult } from "./plugin.js";
import type { RunContext } from "./run-context.js";

interface Task {
  message: Message;
  started: boolean;
  done: boolean;
  result: TransformResult;
  error: unknown;
}

const fields: ReadonlySet<string> = new Set(Object.keys(InputDraft.shape));

/** Inputs that wait in a queue before the source is read no further; or twice the concurrency, where that is more. */
const maxQueued = 16;

/**
 * Makes an operator of a transform. Keeps order; works on `concurrency` inputs at once when `apply` is async; an input on which
 * it throws settles as failed, one for which it returns nothing as skipped, and the stream goes on. Completes after the last.
 */
export function transformOperator(plugin: Transform): OperatorFunction<Message, Message> {
  const concurrency = plugin.concurrency ?? 1;
  const enough = Math.max(maxQueued, 2 * concurrency);
  return (input) =>
    new Observable((output) => {
      const abort = new AbortController();
      let queue: Task[] = [];
      let first = 0;
      let unstarted = 0;
      let running = 0;
      let completed = false;
      let context: RunContext | undefined;
      let removeSated: (() => void) | undefined;

      const describe = () => {
        const task = queue[first];
        if (!task) return undefined;
        return `transform ${plugin.name}: for ${running} of ${queue.length - first} inputs, the first is ${task.message.origin}`;
      };
      const emit = (message: Message, result: TransformResult) => {
        for (const next of resultMessages(message, result, plugin)) output.next(next);
      };
      const drain = () => {
        for (let task = queue[first]; task?.done; task = queue[first]) {
          first += 1;
          if (task.error === undefined) emitSafely(task.message, task.result, emit, plugin.name);
          else task.message.fail(task.error, plugin.name);
          task.message.release(); // only what was queued is held here
        }
        if (first > 512 || first === queue.length) {
          queue = queue.slice(first);
          unstarted -= first;
          first = 0;
        }
        if (completed && queue.length === 0) output.complete();
      };
      const start = () => {
        unstarted = Math.max(unstarted, first);
        // Results that wait for a slow one before them are in memory, and counted only when they go on.
        while (running < concurrency && unstarted < Math.min(queue.length, first + enough)) {
          const task = queue[unstarted] as Task;
          unstarted += 1;
          if (task.done) continue;
          run(task, apply(task.message));
        }
      };
      const run = (task: Task, result: unknown) => {
        running += 1;
        task.started = true;
        Promise.resolve(result as TransformResult)
          .then(
            (value) => void (task.result = value),
            (error: unknown) => void (task.error = error ?? new Error("rejected without a reason")),
          )
          .then(() => {
            task.done = true;
            running -= 1;
            drain();
            start();
          })
          .catch((error: unknown) => output.error(error));
      };
      const contextOf = (message: Message): TransformContext => ({
        signal: abort.signal,
        origin: message.origin,
        note: (text) => message.remark(text),
      });
      const apply = (message: Message): unknown => {
        try {
          return plugin.apply(message.value, contextOf(message));
        } catch (error) {
          return Promise.reject(error);
        }
      };
      const enqueue = (message: Message): Task => {
        message.hold();
        if (!context) {
          context = message.context;
          context.waits.add(describe);
          removeSated = context.gate.onSated(() => queue.length - first >= enough);
        }
        const task: Task = { message, started: false, done: false, result: undefined, error: undefined };
        queue.push(task);
        return task;
      };

      const take = (message: Message) => {
        if (message.settled) return;
        if (queue.length > 0 || running >= concurrency) {
          enqueue(message);
          start();
          return;
        }
        let result: TransformResult | Promise<TransformResult>;
        try {
          result = plugin.apply(message.value, contextOf(message));
        } catch (error) {
          message.fail(error, plugin.name);
          return;
        }
        if (result instanceof Promise) {
          const task = enqueue(message);
          unstarted = queue.length;
          run(task, result);
        } else emitSafely(message, result, emit, plugin.name);
      };

      const subscription = input.subscribe({
        next: guarded(output, (item) => take(messageOf(item, plugin.name))),
        error: (error: unknown) => output.error(error),
        complete: () => {
          completed = true;
          drain();
        },
      });
      return () => {
        subscription.unsubscribe();
        abort.abort();
        removeSated?.();
        for (const task of queue.slice(first)) task.message.release();
      };
    });
}

function resultMessages(message: Message, result: TransformResult, plugin: Transform): readonly Message[] {
  if (result === null || result === undefined) {
    message.skip(`dropped by ${plugin.name}`, plugin.dropsAreDone);
    return [];
  }
  if (!Array.isArray(result)) return [message.with(checked(result, plugin.name))];
  if (result.length === 0) return resultMessages(message, undefined, plugin);
  return message.split(result.map((part) => checked(part, plugin.name)));
}

function emitSafely(
  message: Message,
  result: TransformResult,
  emit: (message: Message, result: TransformResult) => void,
  name: string,
): void {
  try {
    emit(message, result);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    message.fail(error, name);
  }
}

function checked(value: unknown, name: string): Input {
  const missing = missingIn(value);
  if (missing === undefined) {
    for (const field in value as Input) if (!fields.has(field)) throw unknownField(field);
    return value as Input;
  }
  throw new InputError(
    "ERR_TRANSFORM_RESULT",
    `${name} returned ${missing}; it must return the input, a changed copy ({ ...input, … }), a list of them, or nothing`,
  );
}

/** What keeps a value from being an input, for people. */
function missingIn(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return shown(value);
  const { id, concepts, metadata } = value as Partial<Input>;
  if (typeof id !== "string") return "an object without id";
  if (!Array.isArray(concepts)) return "an object without concepts";
  return typeof metadata === "object" && metadata !== null ? undefined : "an object without metadata";
}

/** A field that nothing reads would be lost without a word. */
function unknownField(name: string): InputError {
  const text = `an input has no field "${name}"; data of your own goes into metadata, labels into concepts`;
  return new InputError("ERR_TRANSFORM_RESULT", text);
}
