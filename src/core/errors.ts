/** Errors: one base class with a stable code, so that programs never match on text. */

import { inspect } from "node:util";
import { redactText } from "./redact-urls.js";

export interface FlowErrorOptions {
  /** Whether the same call may succeed later. Default: false. */
  retryable?: boolean;
  /** What went wrong below. */
  cause?: unknown;
}

/**
 * Base of every error that Sluice makes. The text names the plugin, the fact and the value; `code` never
 * changes between releases; `retryable` says whether the same call may succeed later.
 *
 * @example if (error instanceof FlowError && error.code === "ERR_ID_TOO_LONG") …
 */
export class FlowError extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: FlowErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** A plugin's options are missing or wrong; thrown by the factory, before anything runs. */
export class OptionsError extends FlowError {}

/** One input cannot go on; it settles as `failed`, and the flow continues. */
export class InputError extends FlowError {}

/** A source cannot be read at all (no such folder, no access); the run ends. */
export class SourceError extends FlowError {}

/** A sink cannot write at all; the run ends, and inputs in flight stay unsettled. */
export class SinkError extends FlowError {}

/** What `OperatorError` knows about the operator and its input. */
interface OperatorPlace {
  cause: unknown;
  position: number;
  origin?: string | undefined;
  id?: string | undefined;
}

/** An RxJS operator in the pipe threw, or a function in it; the run ends. The error that was thrown is the `cause`. */
export class OperatorError extends FlowError {
  /** Position of the operator in the pipe, from 1. */
  readonly position: number;
  /** Origin of the input on which it threw; undefined if it threw at another time than when it got an input. */
  readonly origin: string | undefined;
  /** Id of that input. */
  readonly id: string | undefined;

  constructor(message: string, { cause, position, origin, id }: OperatorPlace) {
    super("ERR_OPERATOR", message, { cause });
    this.position = position;
    this.origin = origin;
    this.id = id;
  }
}

/**
 * Some inputs of one `write` failed: `failures` has the index in the batch and the error of each;
 * every input that is not named succeeded.
 */
export class BatchError extends FlowError {
  readonly failures: ReadonlyMap<number, Error>;

  constructor(message: string, failures: ReadonlyMap<number, Error>) {
    super("ERR_BATCH_PARTIAL", message);
    this.failures = failures;
  }
}

/** The text of anything that was thrown, with its chain of causes on one line. Never throws, whatever the value is. */
export function describeError(error: unknown, depth = 0): string {
  try {
    if (!(error instanceof Error)) return valueText(error);
    const own = ownText(error);
    if (error.cause === undefined || error instanceof FlowError || depth >= maxCauses) return own;
    return `${own} (${describeError(error.cause, depth + 1)})`;
  } catch {
    return "an error whose fields cannot be read";
  }
}

/** Levels of causes that a text shows. */
const maxCauses = 5;

function ownText(error: Error): string {
  const { message, name } = error;
  const own = redactText(typeof message === "string" && message !== "" ? message : String(name || "Error"));
  if (!(error instanceof AggregateError) || !Array.isArray(error.errors)) return own;
  const some = error.errors.slice(0, 3).map((one: unknown) => describeError(one, maxCauses));
  const more = error.errors.length > some.length ? `, and ${error.errors.length - some.length} more` : "";
  return `${own}: ${some.join("; ")}${more}`;
}

/** Something that is no error: an object shows its fields, a text is as it is. */
function valueText(value: unknown): string {
  if (value === undefined) return "undefined was thrown, not an error";
  if (typeof value === "string") return value === "" ? "an empty text was thrown, not an error" : value;
  if (typeof value !== "object" || value === null) return String(value);
  const { message } = value as { message?: unknown };
  const text = inspect(value, {
    depth: 2,
    breakLength: Number.POSITIVE_INFINITY,
    maxStringLength: 200,
    maxArrayLength: 10,
  });
  return typeof message === "string" && message !== "" ? `${message} ${text}` : text;
}

/** What a plugin threw when it cannot go on, named after it; errors of ours name it themselves. */
export function pluginError(error: unknown, plugin: string, Kind: typeof SourceError | typeof SinkError): FlowError {
  if (error instanceof FlowError) return error;
  return new Kind(codeOf(error, "ERR_UNEXPECTED"), `${plugin}: ${describeThrown(error)}`, { cause: error });
}

/** What V8 says of a change of a frozen object. */
const isOfFrozen = /read only property|object is not extensible|^Cannot delete property/;
const frozenHint = "; inputs are frozen: return a changed copy, such as { ...input, … }";

/**
 * The text of what a function of the user threw; of a slip in its code (`x is not defined`) with the place, as far as the stack tells it.
 */
export function describeThrown(error: unknown): string {
  const text = describeError(error);
  try {
    const isSlip = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
    if (!isSlip || "code" in error) return text;
    const hint = error instanceof TypeError && isOfFrozen.test(text) ? frozenHint : "";
    const frames = error.stack?.split("\n").filter((line) => /^\s*at /.test(line) && !/node:|node_modules/.test(line));
    const [place] = frames?.flatMap((frame) => /([^/\\()]+:\d+):\d+\)?$/.exec(frame)?.[1] ?? []) ?? [];
    return place === undefined ? `${text}${hint}` : `${text} (at ${place})${hint}`;
  } catch {
    return text; // its stack cannot be read
  }
}

/** The stable code of anything that was thrown: its own, or the given one. */
export function codeOf(error: unknown, fallback: string): string {
  try {
    const code = (error as { code?: unknown } | null | undefined)?.code;
    return typeof code === "string" && code !== "" ? code : fallback;
  } catch {
    return fallback;
  }
}
