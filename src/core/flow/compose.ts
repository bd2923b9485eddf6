/** Composes a flow: applies its operators to the stream of its sources. */

import type { Observable as RxObservable, Subscriber } from "rxjs";
import type { Message } from "../accounting/message.js";
import { RunContext } from "../accounting/run-context.js";
import { rawOperatorError, type StageFacts, type Stages } from "../accounting/stages.js";
import { describeError, FlowError, OptionsError } from "../errors.js";
import type { Source } from "../plugin/source.js";
import { type Stage, StageStream } from "../plugin/stage.js";
import { formatValue } from "../util/format/format-value.js";
import { guarded } from "../util/observable.js";
import { Checkpoint } from "./checkpoint.js";
import { readAll } from "./read.js";
import { shardOf } from "./source-shards.js";

/** The operators of a flow, in the order of the pipe. */
export type Operators = readonly Stage<never, unknown>[];

/** Returns the messages of an item that reaches the end of a flow; they are settled as ok. */
export type MessagesAtEnd = (item: unknown) => readonly Message[];

/** Makes the stream of one run. Sources are read when it is subscribed to. @throws {OptionsError} for an invalid operator */
export function compose(
  sources: readonly Source[],
  operators: Operators,
  context: RunContext,
  messagesAtEnd: MessagesAtEnd,
): StageStream<unknown> {
  const { stages } = context;
  context.shard = context.clients.shard = shardOf(sources);
  let checkpoint = new Checkpoint();
  let lastStage: Checkpoint | undefined;
  let stream = checkpoint.watch(
    new StageStream(stages, (output: Subscriber<Message>) => readAll(sources, context).subscribe(output)),
  );
  for (const [index, operator] of operators.entries()) {
    const first = stages.list.length;
    const result = applyOperator(operator, stream, index + 1);
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

/** Whether every drop of an operator is counted: it consists of Sluice's stages, with no RxJS operator before or after them. */
function isCounted(added: readonly StageFacts[], result: RxObservable<unknown>): boolean {
  return added.length > 0 && result instanceof StageStream && !added.some((stage) => stage.isBehindOperator);
}

function stageStreamOf(stream: RxObservable<unknown>, stages: Stages): StageStream<unknown> {
  if (stream instanceof StageStream) return stream;
  return new StageStream(stages, (output) => stream.subscribe(output));
}

/** Describes an operator: `operator 2 (filter)`. The name `piped` is omitted, since RxJS gives it to every result of its `pipe`. */
function describeOperator(name: string, position: number): string {
  return `operator ${position}${name === "" || name === "piped" ? "" : ` (${name})`}`;
}

/** Applies an operator. @throws {OptionsError} for an argument that is not an operator, with its position and the next step */
function applyOperator(operator: unknown, stream: RxObservable<unknown>, position: number): RxObservable<unknown> {
  const name = typeof operator === "function" ? operator.name : "";
  const which = `pipe: argument ${position}${name === "" ? "" : `, ${name},`}`;
  const hint = `wrap a function that changes inputs in transform(${name || "…"})`;
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
    const text = `${which} is not an operator: it threw "${describeError(error)}" on the stream; ${hint}`;
    throw new OptionsError("ERR_OPTIONS", text, { cause: error });
  }
  if (typeof (result as Partial<RxObservable<unknown>> | undefined)?.subscribe === "function") {
    return result as RxObservable<unknown>;
  }
  const isFactory = typeof result === "function";
  const fix = isFactory ? `call it to make an operator: ${name}(…)` : hint;
  if (result instanceof Promise) result.catch(() => undefined); // avoids an unhandled rejection
  throw new OptionsError(
    "ERR_OPTIONS",
    `${which} is not an operator: it returned ${formatValue(result)} for the stream; ${fix}`,
  );
}

/** Settles messages that reach the end of the flow as ok, if no stage settled or holds them. */
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
        lifecycle.left = true; // an error aborts inputs in progress
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
