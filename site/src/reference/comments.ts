/** Reads docstrings: the text, and its tags. */

import ts from "typescript";

export interface Comment {
  text: string;
  examples: string[];
  throws: string[];
  deprecated: string | undefined;
  parameters: Map<string, string>;
}

type Documented = Pick<ts.Symbol, "getDocumentationComment" | "getJsDocTags">;

export function commentOf(documented: Documented, checker: ts.TypeChecker): Comment {
  const tags = documented.getJsDocTags(checker);
  const textsOf = (name: string) =>
    tags.filter((tag) => tag.name === name).map((tag) => ts.displayPartsToString(tag.text));
  const parameters = tags.filter(({ name }) => name === "param").map(({ text = [] }) => parameterOf(text));
  return {
    text: asMarkdown(ts.displayPartsToString(documented.getDocumentationComment(checker))),
    examples: textsOf("example"),
    throws: textsOf("throws"),
    deprecated: textsOf("deprecated")[0],
    parameters: new Map(parameters),
  };
}

/** Error codes are code. A star is part of a glob, unless two of them make a text bold. */
function asMarkdown(text: string): string {
  return text.replace(/`[^`]*`|\bERR_\w+|\*\*\w[^*]*\*\*|[*_]/g, (part) => {
    if (part.startsWith("ERR_")) return `\`${part}\``;
    return part.length === 1 ? `\\${part}` : part;
  });
}

function parameterOf(parts: ts.SymbolDisplayPart[]): [string, string] {
  const name = parts.find(({ kind }) => kind === "parameterName")?.text ?? "";
  const text = parts.filter(({ kind }) => kind === "text").map(({ text }) => text);
  return [name, text.join("").replace(/^[\s-]+/, "")];
}

/** Returns the first sentence. */
export function firstSentence(text: string): string {
  const paragraph = text.split(/\n\s*\n/, 1)[0]?.replaceAll("\n", " ") ?? "";
  return /^.*?[.:](?= [A-Z`]|$)/.exec(paragraph)?.[0] ?? paragraph;
}
