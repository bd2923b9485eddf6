/** Transforms: what a transform gets, and what it returns. */

import type { Annotation, Concept, Content, Input, Json } from "../input/input.js";
import type { MaybePromise } from "./source.js";

/** A changed input, as a transform may return it: names may stand for concepts, a handle for the text; `undefined` takes a field or a key away. */
export interface ChangedInput extends Omit<Input, "concepts" | "text" | "metadata" | "annotations" | "datasets"> {
  readonly text?: string | Content | undefined;
  readonly concepts: readonly (string | Concept)[] | undefined;
  readonly metadata: { readonly [key: string]: Json | undefined } | undefined;
  readonly annotations: readonly Annotation[] | undefined;
  readonly datasets: readonly string[] | undefined;
}

/** What a transform returns: a changed copy, several (a split), or nothing (the input is dropped). */
export type TransformResult = ChangedInput | readonly ChangedInput[] | null | undefined;

/** What `apply` of a transform gets besides the input. */
export interface TransformContext {
  /** Aborted when the flow stops, and when `timeoutMs` has passed. */
  signal: AbortSignal;
  /** Where the input came from. */
  origin: string;
  /** Notes something about the input that the user should know. If the input is ok in the end, the report counts it under this text (`report.notes`). */
  note(text: string): void;
}

/** What a transform does. Its options are the type `Options`, and what it keeps during a run the type `State`. */
export interface Transform<Options, State> {
  /** Name for errors and reports. */
  name: string | ((options: Options) => string);
  /** Most inputs worked on at once, when `apply` is async. Default: 1. */
  concurrency?: number | ((options: Options) => number | undefined) | undefined;
  /**
   * Longest time for one input when `apply` is async, in milliseconds: then the input fails (ERR_TRANSFORM_TIMEOUT), the `signal` of that call is
   * aborted, and what `apply` returns later is ignored. Default: none.
   */
  timeoutMs?: number | ((options: Options) => number | undefined) | undefined;
  /**
   * Whether an input that it drops is finished, because another input stands for it (a duplicate): a resumed run does not read it again.
   * Default: false, and it is read again.
   */
  dropsAreDone?: boolean | undefined;
  /** Makes what `apply` keeps during one run, such as what it has seen. */
  open?(context: { options: Options }): State;
  /** Returns a changed copy, several, or nothing. Throws for an input that it cannot handle. */
  apply(input: Input, options: Options, context: TransformContext & { state: State }): MaybePromise<TransformResult>;
}
