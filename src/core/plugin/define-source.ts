/** Defines sources. */

import type * as z from "zod";
import {
  checkDefinition,
  type FactoryArguments,
  type NoOptions,
  named,
  type OptionsPart,
  optionsFrom,
  type ParsePart,
} from "./definition.js";
import type { MaybePromise, ReadContext, Source, SourceItems } from "./source.js";

/** A source. `Options` is the type of its options. */
export interface SourceBehavior<Options> {
  /** Name for errors and reports. */
  name: string;
  /** Number of items, if it is cheap to determine. Used only for progress, when progress is shown. */
  total?:
    | number
    | ((options: Options, context: { signal: AbortSignal }) => MaybePromise<number | undefined>)
    | undefined;
  /** Names of the classes that the source declares, in order, also those that no input has. Default: it declares none. */
  classes?:
    | ((options: Options, context: { signal: AbortSignal }) => MaybePromise<readonly string[] | undefined>)
    | undefined;
  /** Whether its items have `acknowledge`, so that it waits for the outcome of each input. Default: false. */
  acknowledges?: boolean | undefined;
  /** Yields items, one by one or in arrays. Closes its resources in `finally`. */
  read(options: Options, context: ReadContext): SourceItems;
}

/** The argument of `defineSource`: the source, and the schema of its options. */
export type SourceDefinition<S extends z.ZodType = NoOptions> = SourceBehavior<z.output<S>> & OptionsPart<S>;

/**
 * Defines a source. The factory that it returns checks its options when it is called, so an invalid flow fails before it starts.
 *
 * @throws {OptionsError} (from the factory) ERR_OPTIONS, naming plugin, option and value
 * @example
 * const lines = defineSource({
 *   name: "lines",
 *   options: z.strictObject({ texts: z.array(z.string()) }),
 *   *read({ texts }) {
 *     for (const [n, text] of texts.entries()) yield { origin: `line ${n + 1}`, input: { text } };
 *   },
 * });
 */
export function defineSource<S extends z.ZodType = NoOptions>(
  definition: SourceDefinition<S>,
): (...args: FactoryArguments<S>) => Source;
export function defineSource<Args extends unknown[], Options>(
  definition: ParsePart<Args, Options> & SourceBehavior<Options>,
): (...args: Args) => Source;
export function defineSource(
  definition: SourceBehavior<never> & {
    options?: z.ZodType | undefined;
    parse?: ((...args: never[]) => unknown) | undefined;
  },
): (...args: unknown[]) => Source {
  checkDefinition("defineSource", definition, "read");
  const { name, total, classes, acknowledges } = definition;
  const factory = (...args: unknown[]) => {
    const options = optionsFrom(definition, args);
    return {
      name,
      ...(total !== undefined && {
        total: typeof total === "number" ? total : (context: { signal: AbortSignal }) => total(options, context),
      }),
      ...(classes && { classes: (context: { signal: AbortSignal }) => classes(options, context) }),
      ...(acknowledges !== undefined && { acknowledges }),
      read: (context: ReadContext) => definition.read(options, context),
    };
  };
  return named(factory, definition.name);
}
