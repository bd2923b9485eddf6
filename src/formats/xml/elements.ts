/** Reads elements of an XML file one by one, with bounded memory. Entities of a document are never expanded, and nothing outside of it is read. */

import { createReadStream } from "node:fs";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import { XmlText } from "./text.js";

/** An element with everything in it. */
export interface XmlElement {
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: XmlElement[];
  /** The text directly inside the element, without the space around it. */
  text: string;
  /** The line on which it begins, from 1. */
  line: number;
}

/** Maximum depth of elements, and characters of one element that is yielded. */
const maxDepth = 100;
const maxCharacters = 200_000_000;
const chunkBytes = 256 * 1024;

/**
 * Yields each element for whose path `isWanted` returns true, when it ends. The path has the names of the elements from the root to it. What lies inside a wanted element is
 * part of it; other elements are forgotten. `onRoot` gets the name of the first element, and may throw.
 *
 * @throws {InputError} ERR_LABEL, naming the file and the line, if it is not well-formed XML, uses an entity of its own, or is too deep
 */
export async function* readElements(
  path: string,
  isWanted: (path: readonly string[]) => boolean,
  onRoot: (name: string) => void = () => undefined,
): AsyncGenerator<XmlElement> {
  const { SaxesParser } = await import("saxes");
  const parser = new SaxesParser({ position: true, xmlns: false as const });
  parser.ENTITIES = { __proto__: null, amp: "&", gt: ">", lt: "<", quot: '"', apos: "'" } as unknown as Record<
    string,
    string
  >; // without a prototype: &constructor; is not an entity
  const names: string[] = [];
  const open: XmlElement[] = [];
  let complete: XmlElement[] = [];
  let characters = 0;
  const count = (more: number) => {
    if ((characters += more) > maxCharacters) throw new Error(`an element has more than ${maxCharacters} characters`);
  };
  parser.on("opentag", (tag) => {
    if (names.length === 0) onRoot(tag.name);
    names.push(tag.name);
    if (names.length > maxDepth) throw new Error(`elements lie in each other more than ${maxDepth} deep`);
    if (open.length === 0 && !isWanted(names)) return;
    const attributes = new Map(Object.entries(tag.attributes));
    const element: XmlElement = { name: tag.name, attributes, children: [], text: "", line: parser.line };
    open.at(-1)?.children.push(element);
    open.push(element);
    for (const [name, value] of attributes) count(name.length + value.length);
    count(tag.name.length + 100);
  });
  const addText = (text: string) => {
    const element = open.at(-1);
    if (!element) return;
    count(text.length);
    element.text += text;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    names.pop();
    const element = open.pop();
    if (!element) return;
    element.text = element.text.trim();
    if (open.length > 0) return;
    complete.push(element);
    characters = 0;
  });
  const text = new XmlText();
  const parse = function* (step: () => void): Generator<XmlElement> {
    try {
      step();
    } catch (error) {
      if (error instanceof FlowError) throw error;
      const reason = describeError(error).replace(/^\d+:\d+: /, "");
      throw new InputError("ERR_LABEL", `${path}:${parser.line}: not valid XML: ${reason}`, { cause: error });
    }
    const elements = complete;
    complete = [];
    yield* elements;
  };
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes }) as AsyncIterable<Buffer>)
    yield* parse(() => void parser.write(text.decode(chunk)));
  yield* parse(() => void parser.write(text.end()).close());
}

/** Reads an XML file into one element. @throws {InputError} ERR_LABEL; ERR_FILE_UNREADABLE */
export async function readXml(path: string): Promise<XmlElement> {
  for await (const root of readElements(path, (names) => names.length === 1)) return root;
  throw new InputError("ERR_LABEL", `${path} has no element`);
}

/** Returns the first child of that name. */
export function childOf(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((child) => child.name === name);
}

/** Returns the text of the first child of that name; undefined if there is none, or if it is empty. */
export function childText(element: XmlElement | undefined, name: string): string | undefined {
  const text = childOf(element, name)?.text;
  return text === "" ? undefined : text;
}
