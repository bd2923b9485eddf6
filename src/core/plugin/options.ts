/** Options of plugins: one zod schema checks them, and error texts name plugin, option and value. */

import * as z from "zod";
import { OptionsError } from "../errors.js";
import { formatIssues } from "../util/format-issues.js";
import { formatValue } from "../util/format-value.js";
import { Observable } from "../util/observable.js";

type Flat<T> = { [Key in keyof T]: T[Key] };
type OptionalKeys<Shape> = { [Key in keyof Shape]: undefined extends z.input<Shape[Key]> ? Key : never }[keyof Shape];

/**
 * The options that a schema takes: `z.input` of it, but with the comments of the schema, so that editors show them.
 */
export type OptionsOf<S extends z.ZodObject> = Flat<
  { [Key in keyof Omit<S["shape"], OptionalKeys<S["shape"]>>]: z.input<S["shape"][Key]> } & {
    [Key in keyof Pick<S["shape"], OptionalKeys<S["shape"]>>]?: z.input<S["shape"][Key]>;
  }
>;

/**
 * Checks the options of a plugin and returns them with their defaults. `filters` are the options that narrow what the plugin works on: one that is
 * present and undefined would select everything, so it is refused.
 *
 * @throws {OptionsError} ERR_OPTIONS, naming plugin, option and value
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
    const text = `${plugin}: ${empty} is given as undefined, which would select everything; give it a value, or leave it out`;
    throw new OptionsError("ERR_OPTIONS", text);
  }
  const result = schema.safeParse(options ?? {}, { reportInput: true });
  if (result.success) return result.data;
  // The schema's own error is no cause: it holds all values, a key among them.
  const unknown = result.error.issues.some((issue) => issue.code === "unrecognized_keys" && issue.path.length === 0);
  const names = unknown && schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const known = names.length > 0 ? `; its options are ${names.join(", ")}` : "";
  throw new OptionsError("ERR_OPTIONS", `${plugin}: ${formatIssues(result.error)}${known}`);
}

/** Checks an argument that is a path, also for callers without types. @throws {OptionsError} ERR_OPTIONS */
export function checkPath(plugin: string, path: unknown): void {
  if (typeof path === "string" && path !== "") return;
  throw new OptionsError(
    "ERR_OPTIONS",
    `${plugin}: the path must be a text that is not empty, got ${formatValue(path)}`,
  );
}
