/** Writes XML. */

import type { Json } from "../../core/input/input.js";
import { isObject } from "../../core/util/json/json-values.js";

/** Whether a text can be the name of an element. */
export function isXmlName(name: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}._-]*$/u.test(name) && !/^xml/i.test(name);
}

/** Escapes a text. Characters that XML cannot hold become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replace(
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      "\ufffd",
    )
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\r", "&#13;");
}

/** Writes JSON as elements: an object as its children, a list as several elements of one name. `onLost` gets the names that XML cannot have. */
export function* elementsOf(
  name: string,
  value: Json,
  indent: string,
  onLost: (name: string) => void,
): Generator<string> {
  if (!isXmlName(name)) {
    onLost(name);
    return;
  }
  if (Array.isArray(value)) for (const entry of value) yield* elementsOf(name, entry, indent, onLost);
  else if (isObject(value)) {
    yield `${indent}<${name}>\n`;
    for (const [key, child] of Object.entries(value)) yield* elementsOf(key, child, `${indent}\t`, onLost);
    yield `${indent}</${name}>\n`;
  } else yield `${indent}<${name}>${escapeXml(value === null ? "" : String(value))}</${name}>\n`;
}
