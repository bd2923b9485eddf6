/** What a transform returned: checked as fully as a draft of a source, but for the parts that are still those of its input. */

import type * as z from "zod";
import { InputError } from "../errors.js";
import { formatIssues } from "../util/format-issues.js";
import { formatValue } from "../util/format-value.js";
import { isThenable } from "../util/thenable.js";
import { deepFreeze, freezeFields, frozenJson, isPlainObject, ShapeError } from "./frozen-json.js";
import { type Concept, type Input, InputDraft } from "./input.js";
import { mediaKinds } from "./kinds.js";
import { addContents, conceptOf, copyInfo, type Writable } from "./normalize.js";

/** The inputs that a transform made of one; undefined if it dropped it. */
export type Made = readonly Input[] | undefined;

const { shape } = InputDraft;
const contentKinds = [...mediaKinds, "text"] as const;
const needed = ["id", "concepts", "metadata", "annotations", "datasets"] as const;
const hint = "it must return the input, a changed copy ({ ...input, … }), a list of them, or nothing";

/**
 * Checks the result of a transform and completes it to frozen inputs: short forms of concepts become concepts, new files are described.
 *
 * Parts that are the same objects as in `before` are not checked again. Everything else is copied, since users may own it.
 *
 * @throws {InputError} ERR_TRANSFORM_RESULT, naming the path of the field and its value; what `describeFile` throws
 */
export function inputsFrom(result: unknown, before: Input, name: string): Made | Promise<Made> {
  if (result === before) return [before];
  if (result === null || result === undefined) return undefined;
  if (!Array.isArray(result)) {
    const made = inputFrom(result, before, name);
    return made instanceof Promise ? made.then((input) => [input]) : [made];
  }
  if (result.length === 0) return undefined;
  const made = Array.from(result, (entry: unknown, index) =>
    inputFrom(entry, before, name, `entry ${index} of its list: `),
  );
  return made.some(isThenable) ? Promise.all(made) : (made as Input[]);
}

/** One input of a result; see `inputsFrom`. */
export function inputFrom(value: unknown, before: Input, name: string, where = ""): Input | Promise<Input> {
  if (value === before) return before;
  try {
    if (!isPlainObject(value)) throw new ShapeError(`${formatValue(value)}; ${hint}`);
    for (const field of needed) if (!(field in value)) throw new ShapeError(`an object without ${field}; ${hint}`);
    const { made, changed } = checkedCopy(value, before);
    const input = completed(made as Writable<Input>, changed);
    return input instanceof Promise ? input.catch((error: unknown) => rethrow(error, name, where)) : input;
  } catch (error) {
    return rethrow(error, name, where);
  }
}

function rethrow(error: unknown, name: string, where: string): never {
  if (!(error instanceof ShapeError)) throw error;
  throw new InputError("ERR_TRANSFORM_RESULT", `${name} returned ${where}${error.message}`, { cause: error.cause });
}

/** Copies a result, and checks the fields in which it differs from `before`; `changed` names those. @throws {ShapeError} */
function checkedCopy(
  value: { [key: string]: unknown },
  before: Input,
): { made: { [key: string]: unknown }; changed: string[] } {
  const made: { [key: string]: unknown } = {};
  const changed: string[] = [];
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(shape, key)) throw new ShapeError(unknownField(key));
    const field = value[key];
    if (field === before[key as keyof Input]) {
      made[key] = field;
      continue;
    }
    if (field !== undefined) made[key] = checkedField(key as keyof typeof shape, field, before);
    else if (key === "id") throw new ShapeError("id: expected a text, got undefined");
    else if (key === "metadata") made[key] = {};
    else if ((needed as readonly string[]).includes(key)) made[key] = [];
    else continue;
    changed.push(key);
  }
  return { made, changed };
}

/** Checks and copies one field that the transform changed. @throws {ShapeError} */
function checkedField(key: keyof typeof shape, field: unknown, before: Input): unknown {
  if (key === "concepts" || key === "annotations") return checkedList(key, field, before[key]);
  const value = parsed(shape[key], field, key);
  return key === "metadata" ? frozenJson(value, key, before.metadata) : value;
}

/** Checks the entries of a list that are not those of the input. */
function checkedList(key: "concepts" | "annotations", field: unknown, before: readonly unknown[]): unknown[] {
  if (!Array.isArray(field)) return parsed(shape[key], field, key) as never; // it throws
  const entry = shape[key].unwrap().element;
  return Array.from(field, (given: unknown, index) => {
    if (typeof given === "object" && given !== null && given === before[index]) return given;
    const value = parsed(entry as z.ZodType, given, `${key}.${index}`);
    if (key === "concepts") return conceptOf(value as string | Concept);
    copyInfo(value as never, given, `${key}.${index}`);
    return value;
  });
}

function parsed(schema: z.ZodType, value: unknown, path: string): unknown {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw new ShapeError(formatIssues(result.error, path.split(".")), { cause: result.error });
}

/** Reads and describes what is new of text and media, and freezes the input. */
function completed(made: Writable<Input>, changed: readonly string[]): Input | Promise<Input> {
  const contents = contentKinds.filter((kind) => changed.includes(kind));
  if (contents.length === 0) return freezeFields(made, changed);
  const draft = pick(made, contents);
  if (typeof draft.text === "object") delete made.text; // a handle, which is read now
  const work = addContents(made, draft);
  return work ? work.then(() => deepFreeze(made)) : deepFreeze(made);
}

function pick<K extends keyof Input>(input: Input, keys: readonly K[]): Pick<Input, K> {
  return Object.fromEntries(keys.map((key) => [key, input[key]])) as Pick<Input, K>;
}

/** A field that nothing reads would be lost without a word. */
function unknownField(name: string): string {
  return `an input with the field "${name}", which inputs do not have; data of your own goes into metadata, labels into concepts`;
}
