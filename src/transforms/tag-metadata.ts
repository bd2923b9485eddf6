/** Transform: adds metadata. */

import { InputError } from "../core/errors.js";
import { frozenJson, isPlainObject, ShapeError } from "../core/input/frozen-json.js";
import type { Input, Json } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { formatValue } from "../core/util/format/format-value.js";
import { whenThere } from "../core/util/thenable.js";

/** Metadata of an input: JSON values by key. */
export type Metadata = { readonly [key: string]: Json };

type MetadataOf = (input: Input, context: { origin: string }) => Metadata | Promise<Metadata>;

/**
 * Adds metadata to each input: a fixed object, which is copied at once, or the result of a function of the input, which may be async. The value of an
 * existing key is replaced; other keys stay. A key whose value is undefined counts as absent.
 *
 * Keeps order. An input settles as failed if JSON would change or drop a value (a date, NaN, a Map); the error names the path of the value.
 *
 * @throws {InputError} ERR_METADATA, at once, for a fixed object
 * @example flow(folder("./photos")).pipe(tagMetadata({ split: "train" }));
 */
export const tagMetadata = defineTransform({
  name: "tagMetadata",
  parse(metadata: Metadata | MetadataOf) {
    return typeof metadata === "function" ? metadata : checkMetadata(metadata);
  },
  apply(input, metadata, { origin }) {
    if (typeof metadata !== "function") return withMetadata(input, metadata as Metadata);
    return whenThere((metadata as MetadataOf)(input, { origin }), (added) => withMetadata(input, checkMetadata(added)));
  },
});

function withMetadata(input: Input, added: Metadata): Input {
  return { ...input, metadata: { ...input.metadata, ...added } };
}

/** Checks metadata and returns a frozen copy. @throws {InputError} ERR_METADATA */
function checkMetadata(value: unknown): Metadata {
  try {
    if (isPlainObject(value)) return frozenJson(value, "metadata") as Metadata;
  } catch (error) {
    throw error instanceof ShapeError ? new InputError("ERR_METADATA", error.message) : error;
  }
  throw new InputError("ERR_METADATA", `metadata must be a JSON object, got ${formatValue(value)}`);
}
