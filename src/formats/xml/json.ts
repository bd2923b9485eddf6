/** Turns XML elements into JSON, for what is carried along without being understood. */

import type { Json } from "../../core/input/input.js";
import type { XmlElement } from "./elements.js";

/** Returns the text of an element without children, and otherwise an object of its attributes and children; several of one name become a list. */
export function jsonOfElement({ attributes, children, text }: XmlElement): Json {
  if (children.length === 0 && attributes.size === 0) return text;
  const own: [string, Json][] = [...attributes];
  if (text !== "") own.push(["text", text]);
  return { ...Object.fromEntries(own), ...jsonOfChildren(children) };
}

/** Returns children by their name. */
export function jsonOfChildren(children: readonly XmlElement[]): Record<string, Json> {
  const lists = new Map<string, Json[]>();
  for (const child of children) lists.set(child.name, [...(lists.get(child.name) ?? []), jsonOfElement(child)]);
  return Object.fromEntries([...lists].map(([name, list]) => [name, list.length === 1 ? (list[0] as Json) : list]));
}
