/** The result of a transform: checked as fully as the draft of a source, except for the parts that the transform did not change. */

import type * as z from "zod";
import { InputError } from "../errors.js";
import { formatIssues } from "../util/format/format-issues.js";
import { formatValue } from "../util/format/format-value.js";
import { isThenable } from "../util/thenable.js";
import type { Writable } from "./fields/each-field.js";
import { defaultOf, draftShape, requiredFields } from "./fields/fields.js";
import { deepFreeze, freezeFields, frozenJson, isPlainObject, ShapeError } from "./frozen-json.js";
import type { Concept, Input } from "./input.js";
import { kinds } from "./kinds.js";
import { addContents, conceptOf, freezeFreeData } from "./normalize.js";

/** The inputs that a transform made of one input; undefined if it dropped the input. */
export type TransformedInputs = readonly Input[] | undefined;

const hint = "it must return the input, a changed copy ({ ...input, … }), a list of them, or nothing";

/**
 * Checks the result of a transform and completes it to frozen inputs: short forms of concepts become concepts, new files are described.
 *
 * Skips the check of parts that are the same objects as in `before`. Copies everything else, since users may own it.
 *
 * @throws {InputError} ERR_TRANSFORM_RESULT, naming the path of the field and its value; what `describeFile` throws
 */
export function inputsFrom(
  result: unknown,
  before: Input,
  name: string,
): TransformedInputs | Promise<TransformedInputs> {
  if (result === before) return [before];
  if (result === null || result === undefined) return undefined;
  if (!Array.isArray(result)) {
    const input = inputFrom(result, before, name);
    return input instanceof Promise ? input.then((completed) => [completed]) : [input];
  }
  if (result.length === 0) return undefined;
  const inputs = Array.from(result, (entry: unknown, index) =>
    inputFrom(entry, before, name, `entry ${index} of its list: `),
  );
  return inputs.some(isThenable) ? Promise.all(inputs) : (inputs as Input[]);
}

/** Checks and completes one input of a result; see `inputsFrom`. */
export function inputFrom(value: unknown, before: Input, name: string, where = ""): Input | Promise<Input> {
  if (value === before) return before;
  try {
    if (!isPlainObject(value)) throw new ShapeError(`${formatValue(value)}; ${hint}`);
    for (const field of requiredFields) {
      if (!(field in value)) throw new ShapeError(`an object without ${field}; ${hint}`);
    }
    const { copy, changed } = checkedCopy(value, before);
    const input = completed(copy as Writable<Input>, changed);
    return input instanceof Promise ? input.catch((error: unknown) => rethrow(error, name, where)) : input;
  } catch (error) {
    return rethrow(error, name, where);
  }
}

function rethrow(error: unknown, name: string, where: string): never {
  if (!(error instanceof ShapeError)) throw error;
  throw new InputError("ERR_TRANSFORM_RESULT", `${name} returned ${where}${error.message}`, { cause: error.cause });
}

/** Copies a result, and checks the fields that differ from `before`; `changed` names them. @throws {ShapeError} */
function checkedCopy(
  value: { [key: string]: unknown },
  before: Input,
): { copy: { [key: string]: unknown }; changed: string[] } {
  const copy: { [key: string]: unknown } = {};
  const changed: string[] = [];
  for (const key of Object.keys(value)) {
    if (!isField(key)) throw new ShapeError(unknownField(key));
    const field = value[key];
    if (field === before[key]) {
      copy[key] = field;
      continue;
    }
    if (field !== undefined) copy[key] = checkedField(key, field, before);
    else if (key === "id") throw new ShapeError("id: expected a text, got undefined");
    else if (defaultOf(key) === undefined) continue;
    else copy[key] = defaultOf(key);
    changed.push(key);
  }
  return { copy, changed };
}

function isField(key: string): key is keyof typeof draftShape {
  return Object.hasOwn(draftShape, key);
}

/** Checks and copies one field that the transform changed. @throws {ShapeError} */
function checkedField(key: keyof typeof draftShape, field: unknown, before: Input): unknown {
  if (key === "concepts" || key === "annotations") return checkedList(key, field, before[key]);
  const value = parsed(draftShape[key], field, key);
  return key === "metadata" ? frozenJson(value, key, before.metadata) : value;
}

/** Checks the entries of a list that differ from those of the input. */
function checkedList(key: "concepts" | "annotations", field: unknown, before: readonly unknown[]): unknown[] {
  if (!Array.isArray(field)) return parsed(draftShape[key], field, key) as never; // always throws
  const entry = draftShape[key].unwrap().element;
  return Array.from(field, (raw: unknown, index) => {
    if (typeof raw === "object" && raw !== null && raw === before[index]) return raw;
    const value = parsed(entry as z.ZodType, raw, `${key}.${index}`);
    if (key === "concepts") return conceptOf(value as string | Concept);
    freezeFreeData(value as never, raw, `${key}.${index}`);
    return value;
  });
}

function parsed(schema: z.ZodType, value: unknown, path: string): unknown {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw new ShapeError(formatIssues(result.error, path.split(".")), { cause: result.error });
}

/** Reads and describes the changed text and media, and freezes the input. */
function completed(copy: Writable<Input>, changed: readonly string[]): Input | Promise<Input> {
  const contents = kinds.filter((kind) => changed.includes(kind));
  if (contents.length === 0) return freezeFields(copy, changed);
  const draft = pick(copy, contents);
  if (typeof draft.text === "object") delete copy.text; // `addContents` reads the text of the handle
  const work = addContents(copy, draft);
  return work ? work.then(() => deepFreeze(copy)) : deepFreeze(copy);
}

function pick<K extends keyof Input>(input: Input, keys: readonly K[]): Pick<Input, K> {
  return Object.fromEntries(keys.map((key) => [key, input[key]])) as Pick<Input, K>;
}

/** The text for a field that inputs do not have: ignoring it would lose the user's data silently. */
function unknownField(name: string): string {
  return `an input with the field "${name}", which inputs do not have; data of your own goes into metadata, labels into concepts`;
}
