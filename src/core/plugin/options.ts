/** Options of plugins: one zod schema checks them, and error texts name plugin, option and value. */

import * as z from "zod";
import { OptionsError } from "../errors.js";
import { formatIssues } from "../util/format/format-issues.js";
import { formatValue } from "../util/format/format-value.js";
import { Observable } from "../util/observable.js";

type Flat<T> = { [Key in keyof T]: T[Key] };
type OptionalKeys<Shape> = { [Key in keyof Shape]: undefined extends z.input<Shape[Key]> ? Key : never }[keyof Shape];

/**
 * The options that a plugin accepts: `z.input` of its schema, with the comments of the fields, so that editors show them. Takes the schema, or its fields:
 * the compiler writes their comments into a declaration only if the fields are an object of their own.
 *
 * @example
 * const fields = {
 *   // with a comment for each option, in the form of a docstring
 *   size: z.number().default(512),
 * };
 * export type ResizeOptions = OptionsOf<typeof fields>;
 */
export type OptionsOf<S extends z.ZodObject | z.ZodRawShape> = S extends z.ZodObject
  ? FieldsInput<S["shape"]>
  : S extends z.ZodRawShape
    ? FieldsInput<S>
    : never;

type FieldsInput<Fields extends z.ZodRawShape> = Flat<
  { [Key in keyof Omit<Fields, OptionalKeys<Fields>>]: z.input<Fields[Key]> } & {
    [Key in keyof Pick<Fields, OptionalKeys<Fields>>]?: z.input<Fields[Key]>;
  }
>;

/**
 * Checks the options of a plugin and returns them with their defaults. `filters` names the options that select inputs. A filter that is present and
 * undefined would select everything, so it is refused.
 *
 * @throws {OptionsError} ERR_OPTIONS, naming plugin, option and value
 * @example const { size } = parseOptions("resize", z.strictObject({ size: z.number().default(512) }), { size: 256 });
 */
export function parseOptions<S extends z.ZodType>(
  plugin: string,
  schema: S,
  options: unknown,
  filters: readonly (keyof z.input<S> & string)[] = [],
): z.output<S> {
  if (options instanceof Observable) throw new OptionsError("ERR_OPTIONS", `${plugin}: got ${formatValue(options)}`);
  const empty = filters.find((name) => {
    const values = options as Partial<Record<string, unknown>> | null | undefined;
    return values != null && Object.hasOwn(values, name) && values[name] === undefined;
  });
  if (empty !== undefined) {
    const text = `${plugin}: ${empty} is undefined, which would select everything; set a value, or omit the option`;
    throw new OptionsError("ERR_OPTIONS", text);
  }
  const result = schema.safeParse(options ?? {}, { reportInput: true });
  if (result.success) return result.data;
  // The schema's error is not set as the cause, since it contains all values, also secret ones.
  const unknown = result.error.issues.some((issue) => issue.code === "unrecognized_keys" && issue.path.length === 0);
  const names = unknown && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const known = names.length > 0 ? `; its options are ${names.join(", ")}` : "";
  throw new OptionsError("ERR_OPTIONS", `${plugin}: ${formatIssues(result.error)}${known}`);
}

/** Checks an argument that is a path, for callers without types. @throws {OptionsError} ERR_OPTIONS */
export function checkPath(plugin: string, path: unknown): void {
  if (typeof path === "string" && path !== "") return;
  throw new OptionsError(
    "ERR_OPTIONS",
    `${plugin}: the path must be a string that is not empty, got ${formatValue(path)}`,
  );
}
