/** Inputs as JSON: bytes in memory travel as base64. */

import type { InputDraft } from "./input.js";

/** Fields of an input that may be bytes. */
const contentFields = new Set(["image", "video", "audio", "text"]);

/** A replacer for `JSON.stringify`: writes bytes as `{ base64 }`. */
export function bytesAsBase64(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const raw = this[key]; // a Buffer has been turned into a list of numbers already
  return raw instanceof Uint8Array ? { base64: Buffer.from(raw).toString("base64") } : value;
}

/** Turns what was written as base64 into bytes again; all else stays as it is, for the check of its shape. */
export function bytesFromBase64(value: unknown): InputDraft {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value as InputDraft;
  const entries = Object.entries(value).map(([field, content]) => {
    const base64 = contentFields.has(field)
      ? (content as { bytes?: { base64?: unknown } } | null)?.bytes?.base64
      : undefined;
    return [
      field,
      typeof base64 === "string" ? { ...content, bytes: new Uint8Array(Buffer.from(base64, "base64")) } : content,
    ];
  });
  return Object.fromEntries(entries) as InputDraft;
}
