/** Checks that the table of contents lists every page, and that the links and anchors of all pages work. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { expect, it } from "vitest";
import { readContents } from "../site/src/contents.js";
import { anchorsOf, isFile, linksOf } from "../site/src/markdown.js";

const root = join(import.meta.dirname, "..");
const docs = join(root, "docs");
const pagesOfDocs = readdirSync(docs, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".md"))
  .map((name) => name.split(sep).join("/"));
const otherPages = [
  ...readdirSync(root).filter((name) => name.endsWith(".md")),
  ...["bench/README.md", "examples/plugin/README.md", "examples/data/README.md", "site/home.md", "site/contents.md"],
];

it("lists every page once in the sidebar of the site, by itself or with its folder", () => {
  const groups = readContents(readFileSync(join(root, "site/contents.md"), "utf8"));
  const paths = groups.flatMap(({ items }) => items.map(({ path }) => path));
  const listed = pagesOfDocs.map((page) => ({
    page,
    count: paths.filter((path) => path === `docs/${page}` || `docs/${page}`.startsWith(`${path}/`)).length,
  }));

  expect(pagesOfDocs.length).toBeGreaterThan(80);
  expect(listed.filter(({ page, count }) => count !== 1 && page !== "README.md")).toEqual([]);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

it("has links and anchors that work in all pages", () => {
  const anchors = new Map<string, Set<string>>();
  const anchorsIn = (path: string) => {
    const found = anchors.get(path) ?? anchorsOf(readFileSync(path, "utf8"));
    anchors.set(path, found);
    return found;
  };
  const links = [...pagesOfDocs.map((page) => join(docs, page)), ...otherPages.map((page) => join(root, page))].flatMap(
    (page) => linksOf(readFileSync(page, "utf8")).map((target) => ({ page, target })),
  );
  const broken = links.filter(({ page, target }) => {
    if (!isFile(target) && !target.startsWith("#")) return false;
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? page : join(dirname(page), decodeURI(path));
    if (!existsSync(file)) return true;
    return anchor !== undefined && (statSync(file).isDirectory() || !anchorsIn(file).has(anchor));
  });

  expect(links.length).toBeGreaterThan(200);
  expect(broken.map(({ page, target }) => `${relative(root, page)}: ${target}`)).toEqual([]);
});
