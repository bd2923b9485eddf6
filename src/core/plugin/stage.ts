/** Stages: the steps of a flow, and the streams between them. */

import type { Observable as RxObservable, Subscriber, TeardownLogic } from "rxjs";
import type { StageFacts, Stages } from "../accounting/stages.js";
import { Observable } from "../util/observable.js";

/** A step of a flow: a transform, a batch, a sink, or any RxJS operator. */
export type Stage<In, Out> = (stream: RxObservable<In>) => RxObservable<Out>;

/** A stream of a flow. It carries the list of the flow's stages, so that each stage can add itself when the flow is composed. */
export class StageStream<T> extends Observable<T> {
  readonly stages: Stages;

  constructor(stages: Stages, subscribe: (output: Subscriber<T>) => TeardownLogic) {
    super(subscribe);
    this.stages = stages;
  }
}

/** Adds a stage to the flow that `input` belongs to, and makes its stream. Outside of a flow it only makes the stream. */
export function stageStream<T>(
  input: RxObservable<unknown>,
  facts: StageFacts,
  subscribe: (output: Subscriber<T>, stages: Stages | undefined) => TeardownLogic,
): Observable<T> {
  const stages = stagesOf(input);
  if (!stages) return new Observable((output) => subscribe(output, undefined));
  stages.add({ ...facts, isBehindOperator: !(input instanceof StageStream) });
  return new StageStream(stages, (output) => subscribe(output, stages));
}

/** Finds the stages of a stream behind RxJS operators: each of their streams names the one before it as `source`. */
function stagesOf(stream: RxObservable<unknown>): Stages | undefined {
  let before: { source?: unknown } | undefined = stream as { source?: unknown };
  while (before !== undefined && !(before instanceof StageStream)) before = before.source as typeof before;
  return before instanceof StageStream ? before.stages : undefined;
}
