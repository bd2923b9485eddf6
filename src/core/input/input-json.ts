/** Writes inputs as JSON, with bytes as base64, and reads them back. */

import { isObject } from "../util/json/json-values.js";
import type { InputDraft } from "./input.js";
import { kinds } from "./kinds.js";

/** A replacer for `JSON.stringify`: writes bytes as `{ base64 }`. */
export function bytesAsBase64(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const raw = this[key]; // `value` is no longer the Buffer, because toJSON of Buffer has converted it to a list of numbers
  return raw instanceof Uint8Array ? { base64: Buffer.from(raw).toString("base64") } : value;
}

/** Turns `{ base64 }` into bytes again. Everything else stays as it is: the check of the shape refuses what is wrong. */
export function bytesFromBase64(value: unknown): InputDraft {
  if (!isObject(value)) return value as InputDraft;
  const draft: Record<string, unknown> = { ...value };
  for (const field of kinds) {
    const content = draft[field] as { bytes?: { base64?: unknown } } | null | undefined;
    const base64 = content?.bytes?.base64;
    if (typeof base64 === "string") draft[field] = { ...content, bytes: new Uint8Array(Buffer.from(base64, "base64")) };
  }
  return draft as InputDraft;
}
