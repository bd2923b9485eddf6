/** Defines sinks. */

import type * as z from "zod";
import type { Message } from "../accounting/message.js";
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
import type { Sink } from "./sink.js";
import { sinkOperator } from "./sink-operator.js";
import type { Stage } from "./stage.js";

/** What `defineSink` takes. */
export type SinkDefinition<S extends z.ZodType = NoOptions, State = undefined> = Sink<z.output<S>, State> &
  OptionsPart<S>;

/**
 * Defines a sink. The factory returns a stage of a flow, which takes inputs and batches; inputs that were written go on downstream.
 *
 * A sink is opened before its first write and closed once, also on an error and on an early stop. An input that `write` does not report is ok.
 *
 * @throws {OptionsError} (from the factory) ERR_OPTIONS
 * @example
 * const print = defineSink({
 *   name: "print",
 *   write: async (batch) => console.log(batch.inputs.map((input) => input.id).join("\n")),
 * });
 */
export function defineSink<S extends z.ZodType = NoOptions, State = undefined>(
  definition: SinkDefinition<S, State>,
): (...args: FactoryArguments<S>) => Stage<Message | readonly Message[], Message>;
export function defineSink<Args extends unknown[], Options, State = undefined>(
  definition: ParsePart<Args, Options> & Sink<Options, State>,
): (...args: Args) => Stage<Message | readonly Message[], Message>;
export function defineSink(
  definition: Sink<never, unknown> & {
    options?: z.ZodType | undefined;
    parse?: ((...args: never[]) => unknown) | undefined;
  },
): (...args: unknown[]) => Stage<Message | readonly Message[], Message> {
  checkDefinition("defineSink", definition, "write");
  const { name, concurrency } = definition;
  if (typeof concurrency === "number") checkConcurrency(name, concurrency);
  const factory = (...args: unknown[]) => {
    const options = optionsFrom(definition, args);
    const most = checkConcurrency(name, typeof concurrency === "function" ? concurrency(options) : concurrency);
    return sinkOperator(definition, options, most);
  };
  return named(factory, definition.name);
}
