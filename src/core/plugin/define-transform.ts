/** Defines transforms. */

import type * as z from "zod";
import type { Message } from "../accounting/message.js";
import { OptionsError } from "../errors.js";
import { formatValue } from "../util/format/format-value.js";
import {
  checkConcurrency,
  checkDefinition,
  type FactoryArguments,
  type NoOptions,
  named,
  type OptionsPart,
  optionsFrom,
  type ParsePart,
} from "./definition.js";
import type { Stage } from "./stage.js";
import type { Transform } from "./transform.js";
import { transformOperator } from "./transform-operator.js";

/** The argument of `defineTransform`: the transform, and the schema of its options. */
export type TransformDefinition<S extends z.ZodType = NoOptions, State = undefined> = Transform<z.output<S>, State> &
  OptionsPart<S>;

/**
 * Defines a transform. The factory that it returns makes a stage of a flow.
 *
 * Keeps order. An input on which `apply` throws settles as failed, and the flow continues.
 *
 * @throws {OptionsError} (from the factory) ERR_OPTIONS
 * @example
 * const shout = defineTransform({
 *   name: "shout",
 *   apply: (input) => ({ ...input, text: input.text?.toUpperCase() }),
 * });
 */
export function defineTransform<S extends z.ZodType = NoOptions, State = undefined>(
  definition: TransformDefinition<S, State>,
): (...args: FactoryArguments<S>) => Stage<Message, Message>;
export function defineTransform<Args extends unknown[], Options, State = undefined>(
  definition: ParsePart<Args, Options> & Transform<Options, State>,
): (...args: Args) => Stage<Message, Message>;
export function defineTransform(
  definition: Transform<never, unknown> & {
    options?: z.ZodType | undefined;
    parse?: ((...args: never[]) => unknown) | undefined;
  },
): (...args: unknown[]) => Stage<Message, Message> {
  checkDefinition("defineTransform", definition, "apply");
  const { concurrency, timeoutMs, dropsAreDone } = definition;
  const factory = (...args: unknown[]) => {
    const options = optionsFrom(definition, args);
    const name = typeof definition.name === "function" ? definition.name(options) : definition.name;
    return transformOperator({
      name,
      timeoutMs: checkTimeout(name, typeof timeoutMs === "function" ? timeoutMs(options) : timeoutMs),
      concurrency: checkConcurrency(name, typeof concurrency === "function" ? concurrency(options) : concurrency),
      dropsAreDone,
      parts: definition.parts?.(options),
      open: () => definition.open?.({ options }),
      conclude: definition.conclude && ((state) => definition.conclude?.({ options, state: state as never }) ?? []),
      settled:
        definition.settled && ((settlement, state) => definition.settled?.(settlement, { options, state } as never)),
      close: definition.close && ((state) => definition.close?.({ options, state } as never)),
      apply: (input, context) => definition.apply(input, options, context),
    });
  };
  return named(factory, definition.name);
}

function checkTimeout(name: string, timeoutMs: number | undefined): number | undefined {
  if (timeoutMs === undefined || timeoutMs > 0) return timeoutMs;
  throw new OptionsError("ERR_OPTIONS", `${name}: timeoutMs must be more than 0, got ${formatValue(timeoutMs)}`);
}
