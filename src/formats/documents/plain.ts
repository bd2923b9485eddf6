/** Reads texts and Markdown, which are text already: only the title is looked for. */

import { decodeText } from "../../core/input/content.js";
import type { Document } from "./document.js";

/** Characters in which front matter and the first heading are looked for. */
const headCharacters = 10_000;

export function readPlain(path: string, bytes: Buffer): Document {
  return { text: decodeText(bytes, path) };
}

/** Keeps the source as it is, so that positions in the text are positions in the file. */
export function readMarkdown(path: string, bytes: Buffer): Document {
  const text = decodeText(bytes, path);
  const head = text.slice(0, headCharacters).replace(/^\ufeff/, "");
  const matter = /^---[^\S\n]*\r?\n([\s\S]*?)\n---[^\S\n]*(?:\r?\n|$)/.exec(head);
  const entry = (name: string) => {
    const value = new RegExp(`^${name}:[^\\S\\n]*(.+)$`, "m").exec(matter?.[1] ?? "")?.[1]?.trim();
    return value?.replace(/^(["'])(.*)\1$/, "$2");
  };
  const body = matter ? head.slice(matter[0].length) : head;
  return { text, title: entry("title") ?? headingOf(body), author: entry("author") };
}

/** Returns the first heading of the first level, outside of code. */
function headingOf(body: string): string | undefined {
  const text = body.replace(/^(```|~~~)[\s\S]*?^\1/gm, "");
  const heading = /^ {0,3}#[^\S\n]+(.+?)[^\S\n]*#*[^\S\n]*\r?$/m.exec(text)?.[1];
  return heading ?? /^ {0,3}(\S.*)\r?\n {0,3}=+[^\S\n]*\r?$/m.exec(text)?.[1];
}
