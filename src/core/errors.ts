/** Errors: one base class with a stable code, so that programs never match on text. */

import { shownText } from "./secret-urls.js";

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

/** The text of anything that was thrown, with its chain of causes on one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = shownText(error.message || error.name);
  if (error.cause === undefined || error instanceof FlowError) return own;
  return `${own} (${describeError(error.cause)})`;
}

/** What a plugin threw when it cannot go on, named after it; errors of ours name it themselves. */
export function pluginError(error: unknown, plugin: string, Kind: typeof SourceError | typeof SinkError): FlowError {
  if (error instanceof FlowError) return error;
  return new Kind(codeOf(error, "ERR_UNEXPECTED"), `${plugin}: ${describeError(error)}`, { cause: error });
}

/**
 * The text of what a function of the user threw; of a slip in its code (`x is not defined`) with the place, as far as the stack tells it.
 */
export function describeThrown(error: unknown): string {
  const text = describeError(error);
  const isSlip = error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError;
  if (!isSlip || "code" in error) return text;
  const frame = error.stack?.split("\n").find((line) => /^\s*at /.test(line) && !/node:|node_modules/.test(line));
  const place = /([^/\\()]+:\d+):\d+\)?$/.exec(frame ?? "")?.[1];
  return place === undefined ? text : `${text} (at ${place})`;
}

/** The stable code of anything that was thrown: its own, or the given one. */
export function codeOf(error: unknown, fallback: string): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" && code !== "" ? code : fallback;
}
