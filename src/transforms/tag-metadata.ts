/** Transform: adds metadata. */

import type { OperatorFunction } from "rxjs";
import type { Message } from "../core/accounting/message.js";
import { InputError } from "../core/errors.js";
import { frozenJson, isPlainObject, ShapeError } from "../core/input/frozen-json.js";
import type { Input, Json } from "../core/input/input.js";
import { transformOperator } from "../core/plugin/transform-operator.js";
import { formatValue } from "../core/util/format-value.js";
import { whenThere } from "../core/util/thenable.js";

/** Metadata of an input: what JSON can say, by keys. */
export type Metadata = { readonly [key: string]: Json };

type MetadataOf = (input: Input, context: { origin: string }) => Metadata | Promise<Metadata>;

/**
 * Adds metadata to each input: a fixed object, which is copied now, or what a function makes of the input, at once or as a promise. A key that is there
 * already is replaced; the others stay. A key whose value is undefined counts as absent.
 *
 * Keeps order. A value that JSON would change or drop (a date, NaN, a Map) fails the input and is named with its path.
 *
 * @throws {InputError} ERR_METADATA, at once, for a fixed object
 * @example flow(folder("./photos")).pipe(tagMetadata({ split: "train" }));
 */
export function tagMetadata(metadata: Metadata | MetadataOf): OperatorFunction<Message, Message> {
  const fixed = typeof metadata === "function" ? undefined : checked(metadata);
  const add = (input: Input, more: Metadata): Input => ({ ...input, metadata: { ...input.metadata, ...more } });
  return transformOperator({
    name: "tagMetadata",
    apply(input, { origin }) {
      if (fixed) return add(input, fixed);
      return whenThere((metadata as MetadataOf)(input, { origin }), (made) => add(input, checked(made)));
    },
  });
}

/** A frozen copy. @throws {InputError} ERR_METADATA */
function checked(value: unknown): Metadata {
  try {
    if (isPlainObject(value)) return frozenJson(value, "metadata") as Metadata;
  } catch (error) {
    throw error instanceof ShapeError ? new InputError("ERR_METADATA", error.message) : error;
  }
  throw new InputError("ERR_METADATA", `metadata must be a JSON object, got ${formatValue(value)}`);
}
