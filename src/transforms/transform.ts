/** Transform: any function in a pipe. */

import * as z from "zod";
import { OptionsError } from "../core/errors.js";
import type { Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { TransformContext, TransformResult } from "../core/plugin/transform.js";

const Options = z.strictObject({
  /** Name for errors and reports. Default: the function's own, or "transform". */
  name: z.string().min(1).optional(),
  /** Most inputs worked on at once, when the function is async. Default: 1. */
  concurrency: z.number().int().min(1).default(1),
  /**
   * Longest time for one input when the function is async, in milliseconds: then the input fails (ERR_TRANSFORM_TIMEOUT), the `signal` of that call is
   * aborted, and what the function returns later is ignored. Default: none.
   */
  timeoutMs: z.number().positive().optional(),
});
/** Options of `transform`. */
export type TransformOptions = OptionsOf<typeof Options>;

/**
 * Changes inputs with a function: it returns a changed copy, several (a split), or nothing (the input is dropped and counted as skipped).
 *
 * Sync or async, with at most `concurrency` at once; order is kept either way. An input on which the function throws settles as failed, and
 * the flow goes on. On a stop the `signal` in the context is aborted.
 *
 * The input is deeply frozen (bytes excepted), so that a change in place throws at its own line. What the function returns is checked as a source's
 * inputs are (ERR_TRANSFORM_RESULT); names may stand for concepts, and new files are described. Parts that are still those of the input are not
 * checked again.
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
  apply: (input, { apply }, { signal, origin, note }) => apply(input, { signal, origin, note }),
});
