/** A transform as an RxJS operator: keeps order, bounds concurrency, settles what it drops or fails on. */

import { setMaxListeners } from "node:events";
import type { OperatorFunction } from "rxjs";
import { type Message, messageOf } from "../accounting/message.js";
import type { RunContext } from "../accounting/run-context.js";
import { InputError } from "../errors.js";
import type { Input } from "../input/input.js";
import { inputsFrom, type TransformedInputs } from "../input/transform-result.js";
import { guarded, Observable } from "../util/observable.js";
import { isThenable, whenThere } from "../util/thenable.js";
import type { Transform, TransformContext } from "./plugin.js";
import { announce } from "./stages.js";

interface Task {
  message: Message;
  started: boolean;
  done: boolean;
  made: TransformedInputs;
  failure: { error: unknown } | undefined;
}

/** Inputs that wait in a queue before the source is read no further; or twice the concurrency, where that is more. */
const maxQueued = 16;
/** A longer timer fires at once. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Makes an operator of a transform. Keeps order; works on `concurrency` inputs at once when `apply` is async; an input on which
 * it throws settles as failed, one for which it returns nothing as skipped, and the stream goes on. Completes after the last.
 */
export function transformOperator(plugin: Transform): OperatorFunction<Message, Message> {
  const concurrency = plugin.concurrency ?? 1;
  const enough = Math.max(maxQueued, 2 * concurrency);
  return (input) => {
    announce({ kind: "transform" });
    return new Observable((output) => {
      const abort = new AbortController();
      setMaxListeners(0, abort.signal); // with `timeoutMs`, each input that is worked on listens to it
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
      const emit = (message: Message, made: TransformedInputs) => {
        if (!made) message.drop(`dropped by ${plugin.name}`, plugin.dropsAreDone);
        else for (const next of message.into(made)) output.next(next);
      };
      const drain = () => {
        for (let task = queue[first]; task?.done; task = queue[first]) {
          first += 1;
          if (task.failure) task.message.fail(task.failure.error, plugin.name);
          else emit(task.message, task.made);
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
          run(task, new Promise<TransformedInputs>((resolve) => resolve(apply(plugin, task.message, abort.signal))));
        }
      };
      const run = (task: Task, made: Promise<TransformedInputs>) => {
        running += 1;
        task.started = true;
        made
          .then(
            (value) => void (task.made = value),
            (error: unknown) => void (task.failure = { error }),
          )
          .then(() => {
            task.done = true;
            running -= 1;
            drain();
            start();
          })
          .catch((error: unknown) => output.error(error));
      };
      const enqueue = (message: Message): Task => {
        message.hold();
        if (!context) {
          context = message.context;
          context.waits.add(describe);
          removeSated = context.gate.onSated(() => queue.length - first >= enough);
        }
        const task: Task = { message, started: false, done: false, made: undefined, failure: undefined };
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
        let made: TransformedInputs | Promise<TransformedInputs>;
        try {
          made = apply(plugin, message, abort.signal);
        } catch (error) {
          message.fail(error, plugin.name);
          return;
        }
        if (made instanceof Promise) {
          const task = enqueue(message);
          unstarted = queue.length;
          run(task, made);
        } else emit(message, made);
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
        for (const task of queue.slice(first)) task.message.letGo();
      };
    });
  };
}

/** Applies a transform to the input of a message and checks what it returns. */
function apply(
  plugin: Transform,
  message: Message,
  signal: AbortSignal,
): TransformedInputs | Promise<TransformedInputs> {
  const { value } = message;
  const context: TransformContext = { signal, origin: message.origin, note: (text) => message.remark(text) };
  const result =
    plugin.timeoutMs === undefined
      ? plugin.apply(value, context)
      : applyInTime(plugin, plugin.timeoutMs, value, context);
  return whenThere(result as unknown, (made) => inputsFrom(made, value, plugin.name)) as
    | TransformedInputs
    | Promise<TransformedInputs>;
}

/** The same with an end: a promise that is late is rejected, its signal is aborted, and what comes of it later is ignored. */
function applyInTime(plugin: Transform, timeoutMs: number, value: Input, context: TransformContext): unknown {
  const { signal } = context;
  const own = new AbortController();
  const stop = () => own.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  const over = () => signal.removeEventListener("abort", stop);
  let result: unknown;
  try {
    result = plugin.apply(value, { ...context, signal: own.signal });
  } finally {
    if (!isThenable(result)) over();
  }
  if (!isThenable(result)) return result;
  let timer: NodeJS.Timeout | undefined;
  return new Promise((resolve, reject) => {
    const expire = () => {
      const text = `${plugin.name} took longer than ${timeoutMs} ms (timeoutMs)`;
      const late = new InputError("ERR_TRANSFORM_TIMEOUT", text, { retryable: true });
      reject(late);
      own.abort(late);
    };
    timer = setTimeout(expire, Math.min(timeoutMs, longestTimerMs));
    Promise.resolve(result as PromiseLike<unknown>).then(resolve, reject);
  }).finally(() => {
    clearTimeout(timer);
    over();
  });
}
