/** Errors: one base class with a stable code, so that programs never match on text. */

import { inspect } from "node:util";
import { redactText } from "./redact-urls.js";

export interface FlowErrorOptions {
  /** Whether the same call may succeed later. Default: false. */
  retryable?: boolean;
  /** The error that led to this one. */
  cause?: unknown;
}

/**
 * Base class of every error of Sluice. The text names the plugin, the fact and the value. `code` stays the same
 * in all releases; `retryable` says whether the same call may succeed later.
 *
 * @example
 * try {
 *   await flow(folder("./photos")).run();
 * } catch (error) {
 *   if (error instanceof FlowError && error.code === "ERR_FOLDER_UNREADABLE") console.error(error.message);
 * }
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

/** The options of a plugin are missing or wrong. The factory throws it, before anything runs. */
export class OptionsError extends FlowError {}

/** One input cannot be processed; it settles as `failed`, and the flow continues. */
export class InputError extends FlowError {}

/** A source cannot be read at all (no such folder, no access); the run ends. */
export class SourceError extends FlowError {}

/** A sink cannot write at all; the run ends, and inputs in flight stay unsettled. */
export class SinkError extends FlowError {}

/** The operator and the input that an `OperatorError` is about. */
interface OperatorErrorContext {
  cause: unknown;
  position: number;
  origin?: string | undefined;
  id?: string | undefined;
}

/** An RxJS operator in the pipe threw, or a function in it; the run ends. `cause` is the error that it threw. */
export class OperatorError extends FlowError {
  /** Position of the operator in the pipe, from 1. */
  readonly position: number;
  /** Origin of the input that it threw on; undefined if it did not throw while it received an input. */
  readonly origin: string | undefined;
  /** Id of that input. */
  readonly id: string | undefined;

  constructor(message: string, { cause, position, origin, id }: OperatorErrorContext) {
    super("ERR_OPERATOR", message, { cause });
    this.position = position;
    this.origin = origin;
    this.id = id;
  }
}

/**
 * Some inputs of one `write` failed. `failures` maps the index in the batch to the error; all other inputs of
 * the batch succeeded.
 */
export class BatchError extends FlowError {
  readonly failures: ReadonlyMap<number, Error>;

  constructor(message: string, failures: ReadonlyMap<number, Error>) {
    super("ERR_BATCH_PARTIAL", message);
    this.failures = failures;
  }
}

/** Describes a thrown value with its chain of causes, on one line. Never throws, whatever the value is. */
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

/** Maximum number of causes that a text names. */
const maxCauses = 5;

function ownText(error: Error): string {
  const { message, name } = error;
  const own = redactText(typeof message === "string" && message !== "" ? message : String(name || "Error"));
  if (!(error instanceof AggregateError) || !Array.isArray(error.errors)) return own;
  const texts = error.errors.slice(0, 3).map((inner: unknown) => describeError(inner, maxCauses));
  const more = error.errors.length > texts.length ? `, and ${error.errors.length - texts.length} more` : "";
  return `${own}: ${texts.join("; ")}${more}`;
}

/** Formats a thrown value that is not an error: an object with its fields, a text unchanged. */
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

/** Wraps what a plugin threw in an error that names the plugin. Errors of Sluice stay as they are, since they name it. */
export function pluginError(error: unknown, plugin: string, Kind: typeof SourceError | typeof SinkError): FlowError {
  if (error instanceof FlowError) return error;
  return new Kind(codeOf(error, "ERR_UNEXPECTED"), `${plugin}: ${describeThrown(error)}`, { cause: error });
}

/** Messages of V8 about a change of a frozen object. */
const frozenMessage = /read only property|object is not extensible|^Cannot delete property/;
const frozenHint = "; inputs are frozen: return a changed copy, such as { ...input, … }";

/**
 * Describes what a user's function threw. For an error in its code, such as `x is not defined`, adds the file and the line if the stack has them.
 */
export function describeThrown(error: unknown): string {
  const text = describeError(error);
  try {
    const isBug = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
    if (!isBug || "code" in error) return text;
    const hint = error instanceof TypeError && frozenMessage.test(text) ? frozenHint : "";
    const frames = error.stack?.split("\n").filter((line) => /^\s*at /.test(line) && !/node:|node_modules/.test(line));
    const [line] = frames?.flatMap((frame) => /([^/\\()]+:\d+):\d+\)?$/.exec(frame)?.[1] ?? []) ?? [];
    return line === undefined ? `${text}${hint}` : `${text} (at ${line})${hint}`;
  } catch {
    return text; // a getter of the error threw
  }
}

/** Returns the code of a thrown value, or `fallback` if it has none. */
export function codeOf(error: unknown, fallback: string): string {
  try {
    const code = (error as { code?: unknown } | null | undefined)?.code;
    return typeof code === "string" && code !== "" ? code : fallback;
  } catch {
    return fallback;
  }
}
