/** Transform: adds metadata. */

import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import { InputError } from "../core/errors.js";
import type { Input, Json } from "../core/input.js";
import type { Message } from "../core/message.js";
import { issueText } from "../core/plugin.js";
import { transformOperator } from "../core/transform-operator.js";

/** Metadata of an input: what JSON can say, by keys. */
export type Metadata = { readonly [key: string]: Json };

const Metadata = z.record(z.string(), z.json());

/**
 * Adds metadata to each input: a fixed object, or what a function makes of the input. A key that is there already is replaced; the others stay.
 *
 * Keeps order. A value that JSON cannot say (a date, NaN, undefined) fails the input and is named.
 *
 * @example flow(folder("./photos")).pipe(tagMetadata({ split: "train" }));
 */
export function tagMetadata(
  metadata: Metadata | ((input: Input, context: { origin: string }) => Metadata | Promise<Metadata>),
): OperatorFunction<Message, Message> {
  const fixed = typeof metadata === "function" ? undefined : checked(metadata);
  const add = (input: Input, more: Metadata): Input => ({ ...input, metadata: { ...input.metadata, ...more } });
  return transformOperator({
    name: "tagMetadata",
    apply(input, { origin }) {
      if (fixed) return add(input, fixed);
      const made = (metadata as (input: Input, context: { origin: string }) => Metadata | Promise<Metadata>)(input, {
        origin,
      });
      return made instanceof Promise ? made.then((value) => add(input, checked(value))) : add(input, checked(made));
    },
  });
}

function checked(value: unknown): Metadata {
  const result = Metadata.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  throw new InputError("ERR_METADATA", `metadata must be a JSON object: ${issueText(result.error)}`, {
    cause: result.error,
  });
}
