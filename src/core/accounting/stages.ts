/** Stages: facts that Sluice's operators register when a flow is composed. RxJS operators register none. */

import { OptionsError } from "../errors.js";
import type { RecordPart } from "../input/filter/filters.js";
import type { Input, InputDraft } from "../input/input.js";
import type { SinkTarget } from "./targets.js";

/** What the target of a sink has under the id of an input. "stored": the same content, and its processing has succeeded. */
export type Stored = "stored" | "other" | "absent";

/** The facts of one stage. */
export interface StageFacts {
  kind: "transform" | "batch" | "through" | "sink";
  /** Name of the plugin. */
  name: string;
  /** Target of a sink. */
  target?: SinkTarget | undefined;
  /** Whether a sink records inputs in full: a listing then reads their annotations and datasets too. */
  wholeRecords?: boolean | undefined;
  /** Parts of the record of an input that a transform looks at. */
  parts?: readonly RecordPart[] | undefined;
  /** Whether a sink can record the states of what it changes; see `Sink.stateReader`. */
  recordsStates?: boolean | undefined;
  /** Looks up what the target of a sink has under the id of an input; see `Sink.lookUp`. */
  lookUp?: ((input: Input | InputDraft, signal: AbortSignal) => Promise<Stored>) | undefined;
  /** Whether the operator directly before it is an RxJS operator. */
  isBehindOperator?: boolean | undefined;
}

/** The stages of one run, in the order of the pipe. */
export class Stages {
  readonly list: StageFacts[] = [];
  /** Whether the flow has composed its operators. */
  isComposed = false;
  /** The first operator that is an RxJS operator, or contains one: `operator 2 (filter)`. */
  rawOperator: string | undefined;
  /** Number of sinks. */
  sinkCount = 0;
  /** Whether a sink records inputs in full; set before the sources are read. */
  wholeRecords = false;
  /** Parts of records that transforms look at; set before the sources are read. */
  readonly parts = new Set<RecordPart>();

  /** Adds a stage behind those of the pipe so far. */
  add(stage: StageFacts): void {
    this.list.push(stage);
    if (stage.kind === "sink") this.sinkCount += 1;
    this.wholeRecords ||= stage.wholeRecords === true;
    for (const part of stage.parts ?? []) this.parts.add(part);
  }

  /** Looks an input up in the targets of all sinks. Returns undefined if a sink cannot look it up. */
  async lookUp(input: Input | InputDraft, signal: AbortSignal): Promise<Stored | undefined> {
    let worst: Stored | undefined;
    for (const { kind, lookUp } of this.list) {
      if (kind !== "sink") continue;
      if (!lookUp) return undefined;
      const stored = await lookUp(input, signal);
      if (worst === undefined || worst === "stored") worst = stored;
    }
    return worst;
  }

  /** Targets of the sinks, in the order of the pipe. */
  get targets(): SinkTarget[] {
    return this.list.flatMap(({ target }) => (target ? [target] : []));
  }
}

/** Makes the error of an RxJS operator in a flow whose source waits for the outcome of each input. */
export function rawOperatorError(operator: string, source: string): OptionsError {
  const text = `pipe: ${operator} is an RxJS operator, and ${source} waits for the outcome of each input`;
  return new OptionsError("ERR_RAW_OPERATOR", `${text}; wrap it in through(…), which counts the inputs that it drops`);
}
