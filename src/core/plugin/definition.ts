/** What the three `define…` functions share: the arguments of a factory, and the check of a definition. */

import * as z from "zod";
import { OptionsError } from "../errors.js";
import { formatValue } from "../util/format-value.js";
import { type OptionsOf, parseOptions } from "./options.js";

/** The options of a definition: a schema, or a function that makes them from the factory's arguments. */
export type OptionsPart<S extends z.ZodType> = {
  /** Schema of the options. Default: no options. */
  options?: S;
  parse?: undefined;
};
/** The same for a factory with arguments of its own, such as `folder(path, options)`. */
export type ParsePart<Args extends unknown[], Options> = {
  /** Makes the options from the arguments of the factory. Throws an OptionsError for wrong ones; `parseOptions` does that for a schema. */
  parse: (...args: Args) => Options;
  options?: undefined;
};

/** Arguments of a factory with a schema: the options may be left out if the schema has a default for each. */
export type FactoryArguments<S extends z.ZodType> =
  Record<never, never> extends z.input<S> ? [options?: SchemaInput<S>] : [options: SchemaInput<S>];
type SchemaInput<S extends z.ZodType> = S extends z.ZodObject ? OptionsOf<S> : z.input<S>;

export const noOptions = z.strictObject({});
export type NoOptions = typeof noOptions;

interface AnyDefinition {
  name: unknown;
  options?: z.ZodType | undefined;
  parse?: ((...args: never[]) => unknown) | undefined;
}

/** Makes the options of one plugin from the arguments of its factory. @throws {OptionsError} ERR_OPTIONS */
export function optionsFrom(definition: AnyDefinition, args: readonly unknown[]): never {
  const { name, options, parse } = definition;
  if (parse) return parse(...(args as never[])) as never;
  return parseOptions(String(name), options ?? noOptions, args[0]) as never;
}

/** Checks a definition when it is made, for callers without types: its name, its function, the schema of its options. */
export function checkDefinition(define: string, definition: unknown, method: string): void {
  const { name, options, [method]: work } = (definition ?? {}) as Record<string, unknown>;
  const wrong = (text: string) => new OptionsError("ERR_OPTIONS", `${define}: ${text}`);
  if (typeof name !== "function" && (typeof name !== "string" || name === "")) {
    throw wrong(`name must be a text that is not empty, got ${formatValue(name)}`);
  }
  if (typeof work !== "function") throw wrong(`${method} of "${name}" must be a function, got ${formatValue(work)}`);
  // Not by its class: the schema may be of another copy of zod.
  if (options === undefined || typeof (options as Partial<z.ZodType> | null)?.safeParse === "function") return;
  throw wrong(
    `options of "${name}" must be a schema of zod, such as z.strictObject({ … }), got ${formatValue(options)}`,
  );
}

/** Gives a factory the name of its plugin, which error texts show when it stands in a pipe without being called. */
export function named<F extends (...args: never[]) => unknown>(factory: F, name: unknown): F {
  return typeof name === "string" ? Object.defineProperty(factory, "name", { value: name }) : factory;
}

/** Checks a number of things at once: with none the flow would wait for ever. */
export function checkConcurrency(name: string, concurrency = 1): number {
  if (concurrency >= 1) return concurrency;
  throw new OptionsError("ERR_OPTIONS", `${name}: concurrency must be 1 or more, got ${formatValue(concurrency)}`);
}
