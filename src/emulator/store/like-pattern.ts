/** Patterns of SQL's LIKE. Statements declare the escape character with ESCAPE '\'. */

import type { Json } from "../../core/util/json/json-values.js";

/** Returns the pattern of SQL's LIKE for texts that contain this text. */
export function containing(text: Json | undefined): string {
  return `%${likePattern(String(text ?? ""))}%`;
}

/** Escapes the special characters of SQL's LIKE with a backslash. With `wildcard`, `*` matches any text. */
export function likePattern(text: string, wildcard = false): string {
  const escaped = text.replace(/[\\%_]/g, "\\$&");
  return wildcard ? escaped.replaceAll("*", "%") : escaped;
}
