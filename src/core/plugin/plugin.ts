/** Plugins: what a source, a transform and a sink are, and how to define one with checked options. */

import * as z from "zod";
import type { Turns } from "../accounting/shared-rate-limiter.js";
import type { Acknowledge, Listed, SameId } from "../accounting/tracking.js";
import { describeError, InputError, OptionsError } from "../errors.js";
import type { Annotation, Concept, Content, Input, InputDraft, Json } from "../input/input.js";
import type { DefaultId } from "../input/normalize.js";
import { formatIssues } from "../util/format-issues.js";
import { formatValue } from "../util/format-value.js";
import { Observable } from "../util/observable.js";

/** One thing that a source found: an input, an input that cannot be read, or something passed over. */
export type SourceItem =
  | {
      /** Where it came from, for people: `photos/a.jpg`, `boxes.csv:17`. */
      origin: string;
      input: InputDraft;
      /** The source vouches for the shape of the input, which is then not checked again. */
      checked?: true;
      /** Its id where the draft has none. Default: made from the origin. */
      defaultId?: DefaultId | undefined;
      /** What a second input of this id means. Default: it fails. */
      sameId?: SameId | undefined;
      /**
       * What a journal knows the input by, where the source can tell it without a look at the content: its name, size and time, say. It has to
       * change when the input does. Default: id, fields and content.
       */
      key?: string | undefined;
      /** State of an input that a platform has. */
      listed?: Listed | undefined;
      /** Of a source whose engine keeps what is done: called once, with what became of the input. The run waits for it. */
      acknowledge?: Acknowledge | undefined;
    }
  | { origin: string; error: Error; acknowledge?: Acknowledge | undefined }
  | {
      origin: string;
      /** Why it was passed over: `hidden file`, `symbolic link`, `not an image, video, audio or text`. */
      skipped: string;
      /** Its id, of an input that an earlier run finished. */
      id?: string | undefined;
    };

/** What a source yields when it is asked: an item, or several that it has at once. */
export type SourceStep = SourceItem | readonly SourceItem[];

/** The reason of an input that an earlier run finished. */
export const doneEarlier = "done earlier";

/** What `read` of a source gets. */
export interface ReadContext {
  /** Aborted when the flow stops. A source that waits for something passes it on. */
  signal: AbortSignal;
  /** Whether an earlier run finished the input of this key; there only when a journal is kept. Yield it as skipped then (`doneEarlier`). */
  isDone?: ((key: string) => boolean) | undefined;
  /** Whether it is for a look, a plan or a preview: nothing is to be changed where it reads. */
  rehearses?: boolean | undefined;
  /** Whether a sink of the flow records inputs in full: a listing then reads their annotations and datasets too. */
  wholeRecords?: boolean | undefined;
  /** Registers what is to be closed when the run is over and its outcomes are told, which is later than the end of `read`. */
  atEnd?(close: () => Promise<void>): void;
  /** Lets the clients of the run share the requests of their accounts with other processes. */
  shareTurns?(turns: Turns): void;
  /**
   * Tells that all that is there was given, and what the source waits for: `for new files`. Until its next item the run is idle, which is no stall. Not
   * there in plans and previews, which wait for nothing: the source ends then.
   */
  idle?: ((waitsFor: string) => void) | undefined;
}

/** Reads inputs, one by one, when asked. Close what `read` opened in its `finally`: it runs on an early stop too. */
export interface Source {
  readonly name: string;
  /**
   * How many items there will be, when that is cheap to know: a number, or a function that finds out beside the reading. For progress
   * only; it is asked when progress is formatValue.
   */
  readonly total?:
    | number
    | ((context: { signal: AbortSignal }) => number | undefined | Promise<number | undefined>)
    | undefined;
  /**
   * Asynchronous, or synchronous with a promise for each item that takes time: the way of `for await`. Many small items cost least when those that
   * are there at once come in one array.
   */
  read(context: ReadContext): AsyncIterable<SourceStep> | Iterable<SourceStep | Promise<SourceStep>>;
}

/** A changed input, as a transform may return it: names may stand for concepts, a handle for the text; `undefined` takes a field or a key away. */
export interface ChangedInput extends Omit<Input, "concepts" | "text" | "metadata" | "annotations" | "datasets"> {
  readonly text?: string | Content | undefined;
  readonly concepts: readonly (string | Concept)[] | undefined;
  readonly metadata: { readonly [key: string]: Json | undefined } | undefined;
  readonly annotations: readonly Annotation[] | undefined;
  readonly datasets: readonly string[] | undefined;
}

/** What a transform may return: a changed copy, several (a split), or nothing (the input is dropped). */
export type TransformResult = ChangedInput | readonly ChangedInput[] | null | undefined;

/** What `apply` of a transform gets besides the input. */
export interface TransformContext {
  signal: AbortSignal;
  /** Where the input came from. */
  origin: string;
  /** Notes something about the input that the user should know. If the input is ok in the end, the report counts it under this text (`report.notes`). */
  note(text: string): void;
}

/** Changes inputs. Pure: it never changes the input that it got. */
export interface Transform {
  readonly name: string;
  /** Most inputs worked on at once, when `apply` is async. Default: 1. */
  readonly concurrency?: number | undefined;
  /** Longest time for one input when `apply` is async, in milliseconds. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** What it drops is done, since another input stands for it: a journal counts it as finished. Default: false. */
  readonly dropsAreDone?: boolean | undefined;
  apply(input: Input, context: TransformContext): TransformResult | Promise<TransformResult>;
}

/** What `write` of a sink gets besides the inputs. */
export interface WriteContext {
  signal: AbortSignal;
  /** Where each input of the batch came from, by index. */
  origins: readonly string[];
}

/**
 * Writes batches of inputs. A `write` that resolves has succeeded for all; it throws a `BatchError` when some inputs failed,
 * an `InputError` when all did, and any other error when the sink cannot go on.
 */
export interface Sink {
  readonly name: string;
  /** Most batches written at once. Default: 1. */
  readonly concurrency?: number | undefined;
  open?(context: { signal: AbortSignal }): Promise<void> | void;
  write(inputs: readonly Input[], context: WriteContext): Promise<void>;
  /**
   * Checks a batch for a plan, and writes nothing: it throws what `write` would throw for inputs. It is called without `open` and `close`. Default:
   * all inputs count as ok.
   */
  plan?(inputs: readonly Input[], context: WriteContext): Promise<void>;
  close?(): Promise<void> | void;
}

type Flat<T> = { [Key in keyof T]: T[Key] };
type OptionalKeys<Shape> = { [Key in keyof Shape]: undefined extends z.input<Shape[Key]> ? Key : never }[keyof Shape];

/**
 * The options that a schema takes. The same as `z.input` of it, which loses what the comments in the schema say of each option; here editors show
 * it.
 */
export type OptionsOf<S extends z.ZodObject> = Flat<
  { [Key in keyof Omit<S["shape"], OptionalKeys<S["shape"]>>]: z.input<S["shape"][Key]> } & {
    [Key in keyof Pick<S["shape"], OptionalKeys<S["shape"]>>]?: z.input<S["shape"][Key]>;
  }
>;

/**
 * Checks the options of a plugin and gives them back with their defaults; names the plugin, the option and the value. `filters` are the options that
 * narrow what the plugin works on: one that is present and undefined would work on everything, so it is refused.
 */
export function parseOptions<S extends z.ZodType>(
  plugin: string,
  schema: S,
  options: unknown,
  filters: readonly (keyof z.input<S> & string)[] = [],
): z.output<S> {
  if (options instanceof Observable) throw new OptionsError("ERR_OPTIONS", `${plugin}: got ${formatValue(options)}`);
  const empty = filters.find((name) => {
    const given = options as Partial<Record<string, unknown>> | null | undefined;
    return given != null && Object.hasOwn(given, name) && given[name] === undefined;
  });
  if (empty !== undefined) {
    const text = `${plugin}: ${empty} is given as undefined, which would select everything; give it a value, or leave it out`;
    throw new OptionsError("ERR_OPTIONS", text);
  }
  const result = schema.safeParse(options ?? {}, { reportInput: true });
  if (result.success) return result.data;
  // The schema's own error holds all that was given, a key among it, and says no more.
  const unknown = result.error.issues.some((issue) => issue.code === "unrecognized_keys" && issue.path.length === 0);
  const names = unknown && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const known = names.length > 0 ? `; its options are ${names.join(", ")}` : "";
  throw new OptionsError("ERR_OPTIONS", `${plugin}: ${formatIssues(result.error)}${known}`);
}

/** Checks an argument that is a path, also for callers without types. @throws {OptionsError} ERR_OPTIONS */
export function checkPath(plugin: string, path: unknown): void {
  if (typeof path === "string" && path !== "") return;
  throw new OptionsError(
    "ERR_OPTIONS",
    `${plugin}: the path must be a text that is not empty, got ${formatValue(path)}`,
  );
}

/** Makes a source item from code that may throw; what it throws becomes that item's own error. */
export function itemFrom(origin: string, make: () => InputDraft): SourceItem {
  try {
    return { origin, input: make() };
  } catch (error) {
    if (error instanceof InputError) return { origin, error };
    return { origin, error: new InputError("ERR_ITEM", describeError(error), { cause: error }) };
  }
}
