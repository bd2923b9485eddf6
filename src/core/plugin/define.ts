/** defineSource, defineTransform, defineSink: named plugins with checked options, made from one function each. */

import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import type { Message } from "../accounting/message.js";
import { OptionsError } from "../errors.js";
import type { Input } from "../input/input.js";
import { formatValue } from "../util/format-value.js";
import {
  type OptionsOf,
  parseOptions,
  type ReadContext,
  type Source,
  type SourceStep,
  type TransformContext,
  type TransformResult,
  type WriteContext,
} from "./plugin.js";
import { sinkOperator } from "./sink-operator.js";
import { transformOperator } from "./transform-operator.js";

/** Arguments of a plugin's factory: its options may be left out when the schema has a default for each. */
type FactoryArguments<S extends z.ZodType> =
  Record<never, never> extends z.input<S> ? [options?: Given<S>] : [options: Given<S>];
type Given<S extends z.ZodType> = S extends z.ZodObject ? OptionsOf<S> : z.input<S>;

type MaybeLater<T> = T | Promise<T>;

const noOptions = z.strictObject({});
type NoOptions = typeof noOptions;

/** What `defineSource` takes. */
export interface SourceDefinition<S extends z.ZodType> {
  /** Name for errors and reports. */
  name: string;
  /** Schema of the options. Default: no options. */
  options?: S;
  /**
   * How many items there will be, when that is cheap to know: a number, or a function that finds out beside the reading. For progress only; it is
   * asked when progress is formatValue.
   */
  total?: number | ((options: z.output<S>, context: { signal: AbortSignal }) => MaybeLater<number | undefined>);
  /** Yields items one by one; closes what it opened in `finally`. */
  read(
    options: z.output<S>,
    context: ReadContext,
  ): AsyncIterable<SourceStep> | Iterable<SourceStep | Promise<SourceStep>>;
}

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
): (...args: FactoryArguments<S>) => Source {
  checkDefinition("defineSource", definition, "read");
  return (...args) => {
    const options = optionsOf(definition.name, definition.options, args[0]);
    const { total } = definition;
    return {
      name: definition.name,
      ...(total !== undefined && {
        total: typeof total === "number" ? total : (context: { signal: AbortSignal }) => total(options, context),
      }),
      read: (context) => definition.read(options, context),
    };
  };
}

/** What `defineTransform` takes. */
export interface TransformDefinition<S extends z.ZodType> {
  /** Name for errors and reports. */
  name: string;
  /** Schema of the options. Default: no options. */
  options?: S;
  /** Most inputs worked on at once, when `apply` is async. Default: 1. */
  concurrency?: number | ((options: z.output<S>) => number);
  /**
   * Longest time for one input when `apply` is async, in milliseconds: then the input fails (ERR_TRANSFORM_TIMEOUT), the `signal` of that call is
   * aborted, and what `apply` returns later is ignored. Default: none.
   */
  timeoutMs?: number | ((options: z.output<S>) => number | undefined);
  /**
   * What it drops is done, since another input stands for it (a double, say): a run with a journal that goes on after a stop does not bring it again.
   * Default: false, and it is brought again.
   */
  dropsAreDone?: boolean;
  /** Gives a changed copy, several, or nothing. Throws for an input that it cannot handle. */
  apply(input: Input, options: z.output<S>, context: TransformContext): TransformResult | Promise<TransformResult>;
}

/**
 * Defines a transform. What the factory gives back is an RxJS operator on messages.
 *
 * Order is kept. An input on which `apply` throws settles as failed and the flow goes on.
 *
 * @throws {OptionsError} (from the factory) ERR_OPTIONS
 * @example
 * const shout = defineTransform({
 *   name: "shout",
 *   apply: (input) => ({ ...input, text: input.text?.toUpperCase() }),
 * });
 */
export function defineTransform<S extends z.ZodType = NoOptions>(
  definition: TransformDefinition<S>,
): (...args: FactoryArguments<S>) => OperatorFunction<Message, Message> {
  checkDefinition("defineTransform", definition, "apply");
  const { name, concurrency, timeoutMs, dropsAreDone } = definition;
  return (...args) => {
    const options = optionsOf(name, definition.options, args[0]);
    return transformOperator({
      name,
      timeoutMs: checkTimeout(name, typeof timeoutMs === "function" ? timeoutMs(options) : timeoutMs),
      concurrency: checkConcurrency(name, typeof concurrency === "function" ? concurrency(options) : concurrency),
      dropsAreDone,
      apply: (input, context) => definition.apply(input, options, context),
    });
  };
}

/** What `defineSink` takes. */
export interface SinkDefinition<S extends z.ZodType, State> {
  /** Name for errors and reports. */
  name: string;
  /** Schema of the options. Default: no options. */
  options?: S;
  /** Most batches written at once. Default: 1. */
  concurrency?: number;
  /** Opens what `write` needs; runs once, before the first write. */
  open?(options: z.output<S>, context: { signal: AbortSignal }): Promise<State> | State;
  /** Writes a batch; see `Sink.write` for how it reports failures. */
  write(inputs: readonly Input[], context: WriteContext & { options: z.output<S>; state: State }): Promise<void>;
  /** Checks a batch for a plan, without `open`, and writes nothing; see `Sink.plan`. */
  plan?(inputs: readonly Input[], context: WriteContext & { options: z.output<S> }): Promise<void>;
  /** Closes what `open` opened; runs once, also after an error or an abort. */
  close?(state: State): Promise<void> | void;
}

/**
 * Defines a sink. What the factory gives back is an RxJS operator on messages or batches; what it wrote goes on downstream.
 *
 * @throws {OptionsError} (from the factory) ERR_OPTIONS
 * @example
 * const print = defineSink({
 *   name: "print",
 *   write: async (inputs) => console.log(inputs.map((input) => input.id).join("\n")),
 * });
 */
export function defineSink<S extends z.ZodType = NoOptions, State = undefined>(
  definition: SinkDefinition<S, State>,
): (...args: FactoryArguments<S>) => OperatorFunction<Message | readonly Message[], Message> {
  checkDefinition("defineSink", definition, "write");
  const concurrency = checkConcurrency(definition.name, definition.concurrency);
  return (...args) => {
    const options = optionsOf(definition.name, definition.options, args[0]);
    // Each subscription gets a sink of its own, so that a flow can run twice.
    return (input) => {
      let state: State | undefined;
      let isOpen = false;
      const { plan } = definition;
      const operator = sinkOperator({
        name: definition.name,
        concurrency,
        async open(context) {
          state = await definition.open?.(options, context);
          isOpen = true;
        },
        write: (inputs, context) => definition.write(inputs, { ...context, options, state: state as State }),
        ...(plan && { plan: (inputs, context) => plan(inputs, { ...context, options }) }),
        async close() {
          if (isOpen) await definition.close?.(state as State);
        },
      });
      return operator(input);
    };
  };
}

/** With none at once a flow would wait for ever. */
function checkConcurrency(name: string, concurrency: number | undefined): number | undefined {
  if (concurrency === undefined || concurrency >= 1) return concurrency;
  throw new OptionsError("ERR_OPTIONS", `${name}: concurrency must be 1 or more, got ${formatValue(concurrency)}`);
}

function checkTimeout(name: string, timeoutMs: number | undefined): number | undefined {
  if (timeoutMs === undefined || timeoutMs > 0) return timeoutMs;
  throw new OptionsError("ERR_OPTIONS", `${name}: timeoutMs must be more than 0, got ${formatValue(timeoutMs)}`);
}

/** Checks a definition when it is made, for callers without types: its name, its function, the schema of its options. */
function checkDefinition(define: string, definition: unknown, method: string): void {
  const { name, options, [method]: work } = (definition ?? {}) as Record<string, unknown>;
  const wrong = (text: string) => new OptionsError("ERR_OPTIONS", `${define}: ${text}`);
  if (typeof name !== "string" || name === "")
    throw wrong(`name must be a text that is not empty, got ${formatValue(name)}`);
  if (typeof work !== "function") throw wrong(`${method} of "${name}" must be a function, got ${formatValue(work)}`);
  // Not by its class: the schema may be of another copy of zod.
  if (options === undefined || typeof (options as Partial<z.ZodType> | null)?.safeParse === "function") return;
  throw wrong(
    `options of "${name}" must be a schema of zod, such as z.strictObject({ … }), got ${formatValue(options)}`,
  );
}

function optionsOf<S extends z.ZodType>(name: string, schema: S | undefined, given: unknown): z.output<S> {
  return parseOptions(name, schema ?? noOptions, given) as z.output<S>;
}
