/** Transform: adds metadata. */

import { InputError } from "../core/errors.js";
import { frozenJson, isPlainObject, ShapeError } from "../core/input/frozen-json.js";
import type { Input, Json } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
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
export const tagMetadata = defineTransform({
  name: "tagMetadata",
  parse(metadata: Metadata | MetadataOf) {
    return typeof metadata === "function" ? metadata : checked(metadata);
  },
  apply(input, metadata, { origin }) {
    if (typeof metadata !== "function") return tagged(input, metadata as Metadata);
    return whenThere((metadata as MetadataOf)(input, { origin }), (more) => tagged(input, checked(more)));
  },
});

function tagged(input: Input, more: Metadata): Input {
  return { ...input, metadata: { ...input.metadata, ...more } };
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
