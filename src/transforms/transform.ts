/** Transform: any function in a pipe. */

import * as z from "zod";
import { OptionsError } from "../core/errors.js";
import type { Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { TransformContext, TransformResult } from "../core/plugin/transform.js";

const optionFields = {
  /** Name for errors and reports. Default: the function's name, or "transform". */
  name: z.string().min(1).optional(),
  /** Maximum number of inputs processed at once, if the function is async. Default: 1. */
  concurrency: z.number().int().min(1).default(1),
  /**
   * Longest time for one input if the function is async, in milliseconds. After it, the input fails (ERR_TRANSFORM_TIMEOUT), the `signal` of that call is
   * aborted, and a later result is ignored. Default: no limit.
   */
  timeoutMs: z.number().positive().optional(),
};
const Options = z.strictObject(optionFields);
/** Options of `transform`. */
export type TransformOptions = OptionsOf<typeof optionFields>;

/**
 * Changes inputs with a function. It returns a changed copy, several inputs (a split), or nothing: then the input is dropped and settles as skipped.
 *
 * Keeps order, also if the function is async; at most `concurrency` inputs are processed at once. An input on which the function throws settles as
 * failed, and the flow continues. A stop aborts the `signal` in the context.
 *
 * The input is deeply frozen, except for bytes, so an assignment to a part of it throws. Results are checked like the inputs of a source
 * (ERR_TRANSFORM_RESULT). A name may stand for a concept, and new files are read to find their type. Unchanged parts are not checked again.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./texts")).pipe(transform((input) => ({ ...input, text: input.text?.trim() })));
 */
export const transform = defineTransform({
  name: ({ name, apply }) => name ?? (apply.name || "transform"),
  parse(
    apply: (input: Input, context: TransformContext) => TransformResult | Promise<TransformResult>,
    options: TransformOptions = {},
  ) {
    if (typeof apply !== "function") {
      throw new OptionsError("ERR_OPTIONS", "transform: the first argument must be a function");
    }
    return { apply, ...parseOptions("transform", Options, options) };
  },
  concurrency: ({ concurrency }) => concurrency,
  timeoutMs: ({ timeoutMs }) => timeoutMs,
  apply: (input, { apply }, { signal, origin, note, whenSettled }) =>
    apply(input, { signal, origin, note, whenSettled }),
});
