/** Composes a flow: applies its operators to the stream of its sources. */

import type { Observable as RxObservable, Subscriber } from "rxjs";
import type { Message } from "../accounting/message.js";
import { RunContext } from "../accounting/run-context.js";
import { rawOperatorError, type StageFacts, type Stages } from "../accounting/stages.js";
import { describeError, FlowError, OptionsError } from "../errors.js";
import type { Source } from "../plugin/source.js";
import { type Stage, StageStream } from "../plugin/stage.js";
import { formatValue } from "../util/format-value.js";
import { guarded } from "../util/observable.js";
import { Checkpoint } from "./checkpoint.js";
import { readAll } from "./read.js";

/** The operators of a flow, in the order of the pipe. */
export type Operators = readonly Stage<never, unknown>[];

/** Finds the messages of what reaches the end of a flow; they are ok with that. */
export type MessagesAtEnd = (item: unknown) => readonly Message[];

/** Makes the stream of one run. Nothing is read before it is subscribed to. @throws {OptionsError} for an operator that is not one */
export function compose(
  sources: readonly Source[],
  operators: Operators,
  context: RunContext,
  messagesAtEnd: MessagesAtEnd,
): StageStream<unknown> {
  const { stages } = context;
  let checkpoint = new Checkpoint();
  let lastStage: Checkpoint | undefined;
  let stream = checkpoint.watch(
    new StageStream(stages, (output: Subscriber<Message>) => readAll(sources, context).subscribe(output)),
  );
  for (const [index, operator] of operators.entries()) {
    const first = stages.list.length;
    const result = applied(operator, stream, index + 1);
    const added = stages.list.slice(first);
    if (!isCounted(added, result)) stages.rawOperator ??= describeOperator(operator.name, index + 1);
    const before = checkpoint;
    checkpoint = new Checkpoint(before, { name: operator.name, hasStage: added.length > 0 });
    before.isBeforeOperator = !checkpoint.hasStage;
    if (checkpoint.hasStage) lastStage = checkpoint;
    stream = checkpoint.watch(stageStreamOf(result, stages));
  }
  if (lastStage) lastStage.isBehindLastStage = true;
  stages.isComposed = true;
  return settledAtEnd(stream, context, messagesAtEnd);
}

/**
 * Refuses an RxJS operator in a flow whose source waits for acknowledgements: an input that the operator drops would never be acknowledged.
 *
 * @throws {OptionsError} ERR_RAW_OPERATOR, naming the operator
 */
export function checkAcknowledged(sources: readonly Source[], operators: Operators): void {
  const source = sources.find(({ acknowledges }) => acknowledges);
  if (!source) return;
  const context = new RunContext();
  compose(sources, operators, context, () => []);
  const { rawOperator } = context.stages;
  if (rawOperator !== undefined) throw rawOperatorError(rawOperator, source.name);
}

/** Whether all that an operator does is counted: it consists of stages of ours, with no RxJS operator before or behind them. */
function isCounted(added: readonly StageFacts[], result: RxObservable<unknown>): boolean {
  return added.length > 0 && result instanceof StageStream && !added.some((stage) => stage.isBehindOperator);
}

function stageStreamOf(stream: RxObservable<unknown>, stages: Stages): StageStream<unknown> {
  if (stream instanceof StageStream) return stream;
  return new StageStream(stages, (output) => stream.subscribe(output));
}

/** `operator 2 (filter)`; RxJS calls what its `pipe` makes `piped`. */
function describeOperator(name: string, position: number): string {
  return `operator ${position}${name === "" || name === "piped" ? "" : ` (${name})`}`;
}

/** Applies an operator. An argument that is not an operator is reported with its position, and with the way to fix it. */
function applied(operator: unknown, stream: RxObservable<unknown>, position: number): RxObservable<unknown> {
  const name = typeof operator === "function" ? operator.name : "";
  const which = `pipe: argument ${position}${name === "" ? "" : `, ${name},`}`;
  const hint = `a function that changes inputs goes into transform(${name || "…"})`;
  if (typeof operator !== "function") {
    throw new OptionsError(
      "ERR_OPTIONS",
      `${which} must be an operator, such as batch(), got ${formatValue(operator)}`,
    );
  }
  let result: unknown;
  try {
    result = operator(stream);
  } catch (error) {
    if (error instanceof FlowError) throw error;
    const text = `${which} is no operator: it threw "${describeError(error)}" on the stream; ${hint}`;
    throw new OptionsError("ERR_OPTIONS", text, { cause: error });
  }
  if (typeof (result as Partial<RxObservable<unknown>> | undefined)?.subscribe === "function") {
    return result as RxObservable<unknown>;
  }
  const isFactory = typeof result === "function";
  const fix = isFactory ? `it makes one when it is called: ${name}(…)` : hint;
  if (result instanceof Promise) result.catch(() => undefined); // of an async function, which nobody waits for
  throw new OptionsError(
    "ERR_OPTIONS",
    `${which} is no operator: it returned ${formatValue(result)} for the stream; ${fix}`,
  );
}

/** Settles what reaches the end unsettled and unheld: it went through the whole flow, so it is ok. */
function settledAtEnd(
  stream: StageStream<unknown>,
  { stages, lifecycle }: RunContext,
  messagesAtEnd: MessagesAtEnd,
): StageStream<unknown> {
  return new StageStream(stages, (output) => {
    let isOver = false;
    const subscription = stream.subscribe({
      next: guarded(output, (item) => {
        const messages = messagesAtEnd(item);
        output.next(item);
        for (const message of messages) message.settle({ state: "ok" });
      }),
      error: (error: unknown) => {
        isOver = true;
        lifecycle.left = true; // an error cuts what is under way
        output.error(error);
      },
      complete: () => {
        isOver = true;
        lifecycle.isComplete = true;
        output.complete();
      },
    });
    return () => {
      if (!isOver) lifecycle.left = true;
      subscription.unsubscribe();
    };
  });
}
