/** The contract of transforms: their argument and their result. */

import type { SheetRow } from "../accounting/accounting.js";
import type { Settlement } from "../accounting/ledger.js";
import type { RecordPart } from "../input/filter/filters.js";
import type { Annotation, Concept, Content, Input, Json } from "../input/input.js";
import type { MaybePromise } from "./source.js";

/** An input that a transform may return. A name may stand for a concept, and a content for the text; `undefined` removes a field or a metadata key. */
export interface ChangedInput extends Omit<Input, "concepts" | "text" | "metadata" | "annotations" | "datasets"> {
  readonly text?: string | Content | undefined;
  readonly concepts: readonly (string | Concept)[] | undefined;
  readonly metadata: { readonly [key: string]: Json | undefined } | undefined;
  readonly annotations: readonly Annotation[] | undefined;
  readonly datasets: readonly string[] | undefined;
}

/** The result of a transform: a changed copy, several inputs (a split), or nothing (the input is dropped). */
export type TransformResult = ChangedInput | readonly ChangedInput[] | null | undefined;

/** The context of a transform's `apply`. */
export interface TransformContext {
  /** Aborted when the flow stops, and when `timeoutMs` has passed. */
  signal: AbortSignal;
  /** Origin of the input: `photos/a.jpg`, `boxes.csv:17`. */
  origin: string;
  /** Adds a note for the user. If the input is ok in the end, the report counts it under this text (`report.notes`). */
  note(text: string): void;
  /**
   * Registers a function that is called when the input has its outcome, and at the end of a run that is stopped before: it removes what the result of the
   * transform needed until then, such as temporary files. The run waits for it, and rejects with its error.
   */
  whenSettled(close: () => void | Promise<void>): void;
  /**
   * Adds a row to this transform's sheet in the report: a text, and pictures that stand side by side on the page. Use it for a decision that a person may want
   * to check, such as why an input was dropped. The report keeps the first 200 rows and counts the others.
   */
  show(row: SheetRow): void;
  /** Whether the run is a plan or a preview: the transform changes nothing outside of the flow. */
  dryRun: boolean;
}

/** A transform. `Options` is the type of its options, `State` that of the value that `open` returns. */
export interface Transform<Options, State> {
  /** Name for errors and reports. */
  name: string | ((options: Options) => string);
  /** Maximum number of inputs processed at once, if `apply` is async. Default: 1. */
  concurrency?: number | ((options: Options) => number | undefined) | undefined;
  /**
   * Longest time for one input if `apply` is async, in milliseconds. After it, the input fails (ERR_TRANSFORM_TIMEOUT), the `signal` of that call is aborted,
   * and a later result is ignored. Default: no limit.
   */
  timeoutMs?: number | ((options: Options) => number | undefined) | undefined;
  /**
   * Whether a dropped input is finished, because another input stands for it (a duplicate). A resumed run then skips it. Default: false; a resumed run
   * reads it again.
   */
  dropsAreDone?: boolean | undefined;
  /** Parts of the record of an input that `apply` looks at, and that a listing reads only on demand. Default: none. */
  parts?: ((options: Options) => readonly RecordPart[]) | undefined;
  /** Makes the state of one run, such as a set of the ids so far. */
  open?(context: { options: Options }): State;
  /**
   * Returns lines about all inputs of the run together, such as counts. The report and the plan show them under the name of the transform. It is called when
   * these are made, once an input has reached the transform.
   */
  conclude?(context: { options: Options; state: State }): readonly string[];
  /**
   * Gets the outcome of each input of the run, also of those that failed before or behind the transform. Outcomes come until the end of the run, and so after `close`.
   * What it throws is ignored.
   */
  settled?(settlement: Settlement, context: { options: Options; state: State }): void;
  /** Frees what the state of a run holds, such as an open file. Called once, after the last `apply`; the run waits for it. */
  close?(context: { options: Options; state: State }): MaybePromise<void>;
  /** Returns a changed copy, several inputs, or nothing. Throws for an input that it cannot process. */
  apply(input: Input, options: Options, context: TransformContext & { state: State }): MaybePromise<TransformResult>;
}
