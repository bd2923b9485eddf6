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

/** What a source does. Its options are the type `Options`. */
export interface SourceBehavior<Options> {
  /** Name for errors and reports. */
  name: string;
  /** How many items there will be, if that is cheap to know. For progress only; it is asked when progress is shown. */
  total?:
    | number
    | ((options: Options, context: { signal: AbortSignal }) => MaybePromise<number | undefined>)
    | undefined;
  /** Whether its items carry `acknowledge`: it waits for the outcome of each input. Default: false. */
  acknowledges?: boolean | undefined;
  /** Yields items, one by one or several at once; closes what it opened in `finally`. */
  read(options: Options, context: ReadContext): SourceItems;
}

/** What `defineSource` takes. */
export type SourceDefinition<S extends z.ZodType = NoOptions> = SourceBehavior<z.output<S>> & OptionsPart<S>;

/**
 * Defines a source. The factory checks its options when it is called, so a wrong flow fails before it starts.
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
  const { name, total, acknowledges } = definition;
  const factory = (...args: unknown[]) => {
    const options = optionsFrom(definition, args);
    return {
      name,
      ...(total !== undefined && {
        total: typeof total === "number" ? total : (context: { signal: AbortSignal }) => total(options, context),
      }),
      ...(acknowledges !== undefined && { acknowledges }),
      read: (context: ReadContext) => definition.read(options, context),
    };
  };
  return named(factory, definition.name);
}
