/** Defines sources. */

import type * as z from "zod";
import { OptionsError } from "../errors.js";
import { isPlainObject } from "../input/frozen-json.js";
import { redactText } from "../redact-urls.js";
import { parseShard } from "../shard/shard.js";
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

/** The option that every source has. */
export interface ShardOption {
  /**
   * The share of the source that this process reads, such as "3/8": the third of eight. "auto/8" takes the first number from JOB_COMPLETION_INDEX (an indexed
   * Job of Kubernetes) or SLURM_ARRAY_TASK_ID (a Slurm job array), "auto" both numbers from the job array. An input belongs to the shard that the hash of its
   * id names, on every machine. The rate of the account is divided by the number of shards. Default: the whole source.
   */
  shard?: string | undefined;
}

/** Options with `shard`, unless they have an option of this name. */
type Shardable<Options> = "shard" extends keyof Options ? Options : Options & ShardOption;

/** The arguments of a factory, with `shard` among the options. A factory without options gets them as its last argument. */
export type WithShard<Args extends unknown[]> =
  Required<Args> extends [...infer First, infer Last]
    ? Args extends [...First, Last]
      ? [...Args, options?: ShardOption]
      : [...First, options?: Shardable<NonNullable<Last>>]
    : [options?: ShardOption];

/** A source. `Options` is the type of its options. */
export interface SourceBehavior<Options> {
  /** Name for errors and reports. */
  name: string;
  /** Number of items, if it is cheap to determine. Used only for progress, when progress is shown. */
  total?:
    | number
    | ((options: Options, context: { signal: AbortSignal }) => MaybePromise<number | undefined>)
    | undefined;
  /** Where the inputs come from, for the report: a path, a URL, an app. Must contain no secret. Default: the report has only the name. */
  from?: ((options: Options) => string | undefined) | undefined;
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
): (
  ...args: Record<never, never> extends z.input<S>
    ? WithShard<FactoryArguments<S>>
    : [options: Shardable<NonNullable<FactoryArguments<S>[0]>>]
) => Source;
export function defineSource<Args extends unknown[], Options>(
  definition: ParsePart<Args, Options> & SourceBehavior<Options>,
): (...args: WithShard<Args>) => Source;
export function defineSource(
  definition: SourceBehavior<never> & {
    options?: z.ZodType | undefined;
    parse?: ((...args: never[]) => unknown) | undefined;
  },
): (...args: unknown[]) => Source {
  checkDefinition("defineSource", definition, "read");
  const { name, total, from, classes, acknowledges } = definition;
  const factory = (...args: unknown[]) => {
    const { shard, rest } = shardIn(definition, args);
    const options = optionsFrom(definition, rest);
    if (shard !== undefined && acknowledges) {
      const text = `${name}: shard cannot be set, because the readers of this source share its inputs among themselves`;
      throw new OptionsError("ERR_OPTIONS", `${text}; leave it out`);
    }
    const place = from?.(options);
    return {
      name,
      ...(place !== undefined && { from: redactText(place) }),
      ...(shard !== undefined && { shard }),
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

/** Takes the option `shard` out of the options, which are the last argument. A schema that has an option of this name keeps it. */
function shardIn(
  { name, options: schema }: { name: string; options?: z.ZodType | undefined },
  args: readonly unknown[],
): { shard?: string; rest: readonly unknown[] } {
  const last = args.at(-1);
  const isOwn = schema !== undefined && "shape" in schema && Object.hasOwn(schema.shape as object, "shard");
  if (isOwn || !isPlainObject(last) || !Object.hasOwn(last, "shard")) return { rest: args };
  if (Symbol.iterator in last || Symbol.asyncIterator in last) return { rest: args };
  const { shard, ...options } = last as { shard: unknown };
  if (shard === undefined) {
    const text = `${name}: shard is undefined, which would select everything; set a value, or omit the option`;
    throw new OptionsError("ERR_OPTIONS", text);
  }
  return { shard: parseShard(name, shard).text, rest: [...args.slice(0, -1), options] };
}
