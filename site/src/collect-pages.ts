/** Collects the pages of the site: everything in `docs`, what the sidebar lists, and every file of the repository that they link to. */

import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix, sep } from "node:path";
import { isFile, replaceLinks } from "./markdown.js";
import { canonical, isAsset, markdownOf, pageOf, root } from "./repository.js";

/**
 * Writes the pages and returns how many. A link to a page becomes a link to its place on the site, and a link to a file one to a page with its text.
 */
export function collectPages(target: string, listed: readonly string[]): number {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => canonical(posix.join("docs", name.split(sep).join("/"))));
  const seen = new Set([...docs, "site/home.md", ...listed]);
  const waiting = [...seen];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const from = path;
    const page = pageOf(from);
    const folder = statSync(join(root, from)).isDirectory() ? from : posix.dirname(from);
    const text = replaceLinks(markdownOf(from), (link) => {
      if (!isFile(link)) return link;
      const [file = "", anchor] = link.split("#");
      const linked = canonical(posix.join(folder, decodeURI(file)));
      if (!existsSync(join(root, linked))) throw new Error(`${from} links to ${link}, which does not exist`);
      const isNew = !seen.has(linked);
      seen.add(linked);
      if (isAsset(linked)) {
        if (isNew) copy(linked, join(target, "public", linked));
        return encodeURI(`/${linked}`);
      }
      if (isNew) waiting.push(linked);
      const path = posix.relative(posix.dirname(page), pageOf(linked));
      return `${encodeURI(path.startsWith(".") ? path : `./${path}`)}${anchor === undefined ? "" : `#${anchor}`}`;
    });
    write(join(target, page), withFrontmatter(from, text));
  }
  return seen.size;
}

/** A search finds pages and examples. Other code would fill its results. */
function withFrontmatter(path: string, text: string): string {
  const isSearched = path.endsWith(".md") || path.startsWith("examples");
  return isSearched ? text : `---\nsearch: false\n---\n\n${text}`;
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(join(root, from), to);
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
