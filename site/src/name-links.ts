/** Links names in code, such as `nearDuplicates()`, to their pages in the reference, and error codes to the page of codes. */

import type { MarkdownRenderer } from "vitepress";
import type { ReferenceSection } from "./reference/reference.js";

/** Returns the page of a name, or undefined for other code. In guides, a word that is also a name counts only with parentheses. */
export type FindName = (code: string, isReference: boolean) => string | undefined;

export function nameFinder(sections: readonly ReferenceSection[], codes: readonly string[]): FindName {
  const pages = new Map<string, string>();
  for (const { names, folder } of sections.toReversed()) {
    if (folder.includes("deprecated")) continue;
    for (const { name, page } of names) pages.set(name, page);
  }
  for (const code of codes) pages.set(code, `errors.html#${code}`);
  return (code, isReference) => {
    const [, name = "", call] = /^(\w+)(\(.*\))?$/.exec(code) ?? [];
    const isPlain = /^[a-z]+$/.test(name) && call === undefined;
    return isPlain && !isReference ? undefined : pages.get(name);
  };
}

/** Types in the tables of the reference have several names in one code; each is a link. */
export function linkNames(markdown: MarkdownRenderer, find: FindName, base: string): void {
  const plain = markdown.renderer.rules.code_inline;
  markdown.renderer.rules.code_inline = (tokens, index, options, env, self) => {
    const html = plain?.(tokens, index, options, env, self) ?? "";
    const code = tokens[index]?.content ?? "";
    const page = (env as { relativePath?: string }).relativePath ?? "";
    const isReference = page.startsWith("reference/");
    if (isInLink(tokens, index)) return html;
    const found = find(code, isReference);
    const isCode = /^ERR_[A-Z0-9_]+$/.test(code);
    if (isCode && page === "errors.md" && index === 0) return html.replace("<code", `<code id="${code}"`);
    if (found !== undefined && found !== page.replace(/\.md$/, ""))
      return anchor(`${base}${found}${isCode ? "" : ".html"}`, html);
    if (!isReference) return html;
    return html.replace(/(?<=[>\s([|{:;])[A-Z]\w+(?![^<]*>|\?|:)/g, (name) => {
      const target = find(name, true);
      return target === undefined || target === page.replace(/\.md$/, "")
        ? name
        : anchor(`${base}${target}.html`, name);
    });
  };
}

function anchor(to: string, html: string): string {
  return `<a class="name" href="${to}">${html}</a>`;
}

function isInLink(tokens: readonly { type: string }[], index: number): boolean {
  const before = tokens.slice(0, index);
  const count = (type: string) => before.filter((token) => token.type === type).length;
  return count("link_open") > count("link_close");
}
