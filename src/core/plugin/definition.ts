/** Shared by the three `define…` functions: the arguments of a factory, and the check of a definition. */

import * as z from "zod";
import { OptionsError } from "../errors.js";
import { formatValue } from "../util/format/format-value.js";
import { type OptionsOf, parseOptions } from "./options.js";

/** Options of a definition by a schema. */
export type OptionsPart<S extends z.ZodType> = {
  /** Schema of the options. Default: no options. */
  options?: S;
  parse?: undefined;
};
/** Options of a definition whose factory has further arguments, such as `folder(path, options)`. */
export type ParsePart<Args extends unknown[], Options> = {
  /** Makes the options from the factory's arguments. Throws an OptionsError for invalid ones; `parseOptions` does that with a schema. */
  parse: (...args: Args) => Options;
  options?: undefined;
};

/** Arguments of a factory with a schema. They are optional if the schema requires no option. */
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

/** Checks the name, the method and the schema of a definition, for callers without types. @throws {OptionsError} ERR_OPTIONS */
export function checkDefinition(define: string, definition: unknown, method: string): void {
  const { name, options, [method]: work } = (definition ?? {}) as Record<string, unknown>;
  const invalid = (text: string) => new OptionsError("ERR_OPTIONS", `${define}: ${text}`);
  if (typeof name !== "function" && (typeof name !== "string" || name === "")) {
    throw invalid(`name must be a string that is not empty, got ${formatValue(name)}`);
  }
  if (typeof work !== "function") throw invalid(`${method} of "${name}" must be a function, got ${formatValue(work)}`);
  // Checked by its method, not its class: the schema may come from another copy of zod.
  if (options === undefined || typeof (options as Partial<z.ZodType> | null)?.safeParse === "function") return;
  throw invalid(
    `options of "${name}" must be a schema of zod, such as z.strictObject({ … }), got ${formatValue(options)}`,
  );
}

/** Gives a factory the name of its plugin, for the error text of a pipe with a factory that was not called. */
export function named<F extends (...args: never[]) => unknown>(factory: F, name: unknown): F {
  return typeof name === "string" ? Object.defineProperty(factory, "name", { value: name }) : factory;
}

/** Checks a concurrency: with less than 1, the flow would never end. @throws {OptionsError} ERR_OPTIONS */
export function checkConcurrency(name: string, concurrency = 1): number {
  if (concurrency >= 1) return concurrency;
  throw new OptionsError("ERR_OPTIONS", `${name}: concurrency must be 1 or more, got ${formatValue(concurrency)}`);
}
