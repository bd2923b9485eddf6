/** Plugins: what a source, a transform and a sink are, and how to define one with checked options. */

import * as z from "zod";
import { describeError, InputError, OptionsError } from "./errors.js";
import type { Annotation, Concept, Content, Input, InputDraft, Json } from "./input.js";
import type { Outcome } from "./ledger.js";
import { Observable } from "./observable.js";
import type { Turns } from "./turns.js";

/**
 * Takes note of an outcome where it is kept, before it is told; gives back the outcome that is told. `input` is as it was read; none where none came
 * to be. Where it rejects, the input counts as pending.
 */
export type Acknowledge = (outcome: Outcome, input: Input | InputDraft | undefined) => Promise<Outcome>;

/**
 * What it means when an input has the id of an earlier one of the same run. "duplicate": the id stands for the content or its address, so the second is
 * skipped and names the first. "file": origins are paths, and a file that is named twice is skipped. "again": the same origin may come again, changed (a
 * watched folder, a stream). In all other cases the second input fails with ERR_ID_IN_RUN where inputs are uploaded.
 */
export type SameId = "duplicate" | "file" | "again";
type JsonObject = { readonly [key: string]: Json };

/** What the platform answered when an input was listed, as JSON. A sink that changes inputs compares with it. */
export interface Listed {
  /** Which app it was listed from; as `place` of a sink that compares. */
  place: string;
  id: string;
  /** The input's data, in the platform's own form. */
  data: JsonObject;
  /** Its annotations, if they were read; with the ids that the platform gave to their regions. */
  annotations?: readonly (Annotation & { regionId?: string | undefined })[] | undefined;
}

/** An id, or a function that makes it of the draft once its shape was checked: what the draft has until then can be anything, and of any size. */
export type DefaultId = string | ((draft: InputDraft) => string | undefined);

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
   * only; it is asked when progress is shown.
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
  if (options instanceof Observable) throw new OptionsError("ERR_OPTIONS", `${plugin}: got ${shown(options)}`);
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
  throw new OptionsError("ERR_OPTIONS", `${plugin}: ${issueText(result.error)}${known}`);
}

/** Checks an argument that is a path, also for callers without types. @throws {OptionsError} ERR_OPTIONS */
export function checkPath(plugin: string, path: unknown): void {
  if (typeof path === "string" && path !== "") return;
  throw new OptionsError("ERR_OPTIONS", `${plugin}: the path must be a text that is not empty, got ${shown(path)}`);
}

/** The first problems of a failed check as one line, with the values where the check reported them (`reportInput`); `above` is the path to what was checked. */
export function issueText(error: z.ZodError, above: readonly PropertyKey[] = []): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => describeIssue(issue, above))
    .join("; ");
}

type Issue = z.core.$ZodIssue;

function describeIssue(issue: Issue, above: readonly PropertyKey[]): string {
  const path = [...above, ...issue.path];
  const deeper = issue.code === "invalid_union" ? deepest(issue.errors.flat()) : undefined;
  if (deeper) return describeIssue(deeper, path);
  const named = /received|Unrecognized/.test(issue.message);
  const text = named ? issue.message : `${issue.message}, got ${shown(issue.input)}`;
  return path.length > 0 ? `${path.join(".")}: ${text}` : text;
}

/** Of all forms that a value might have had, the one that it came closest to. */
function deepest(issues: readonly Issue[]): Issue | undefined {
  const inside = issues.filter((issue) => issue.path.length > 0);
  return inside.find((issue) => issue.code !== "invalid_type" || issue.input !== undefined) ?? inside[0];
}

/** A value as a text tells it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "function") return "a function";
  if (value instanceof Observable) return "the stream of the pipe; call it there, with its own arguments in brackets";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  const name = classOf(value);
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

/** The name of an object's class, such as `Map` or `Generator`. */
function classOf(value: object): string {
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  const made: unknown = value.constructor;
  return typeof made === "function" && made !== Object && made.name !== "" ? made.name : tag;
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
