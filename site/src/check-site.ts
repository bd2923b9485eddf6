/** Checks the built site: every link and anchor, that it loads nothing from other hosts, and that the search finds a name. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import MiniSearch from "minisearch";
import { searchTokens } from "./search-tokens.js";

interface Page {
  path: string;
  html: string;
  anchors: Set<string>;
}

export async function checkSite(dist: string, base: string): Promise<void> {
  const files = readdirSync(dist, { recursive: true, encoding: "utf8" });
  const pages = new Map(files.filter((name) => name.endsWith(".html")).map((path) => [path, pageOf(dist, path)]));
  const broken = [...pages.values()].flatMap((page) => brokenLinks(page, { dist, base, pages }));
  if (broken.length > 0)
    throw new Error(`${broken.length} links of the site do not work:\n${broken.slice(0, 50).join("\n")}`);
  await checkSearch(dist, files);
  const bytes = files.reduce((sum, path) => sum + statSync(join(dist, path)).size, 0);
  console.log(
    `${pages.size} pages, ${(bytes / 1e6).toFixed(1)} MB; all links work, and the search finds nearDuplicates`,
  );
}

function pageOf(dist: string, path: string): Page {
  const html = readFileSync(join(dist, path), "utf8");
  return { path, html, anchors: new Set([...html.matchAll(/\sid="([^"]+)"/g)].map(([, id = ""]) => unescaped(id))) };
}

function brokenLinks(
  page: Page,
  { dist, base, pages }: { dist: string; base: string; pages: Map<string, Page> },
): string[] {
  const links = page.html.matchAll(/<(a|link|script|img|source)\s[^>]*?(?:href|src)="([^"]*)"/g);
  return [...links].flatMap(([, tag, link = ""]) => {
    const target = unescaped(link);
    if (/^(https?:)?\/\//.test(target)) return tag === "a" ? [] : [`${page.path} loads ${target}`];
    if (/^(mailto|data|blob):/.test(target)) return [];
    const [path = "", anchor = ""] = target.split("#").map((part) => decodeURIComponent(part));
    const inside = path.startsWith(base) ? path.slice(base.length) : posix.join(dirname(page.path), path);
    const file = path === "" ? page.path : inside === "" || inside.endsWith("/") ? `${inside}index.html` : inside;
    if (!existsSync(join(dist, file))) return [`${page.path}: ${target} is not there`];
    const linked = pages.get(file);
    if (anchor === "" || !linked || linked.anchors.has(anchor)) return [];
    return [`${page.path}: ${target} has no such anchor`];
  });
}

async function checkSearch(dist: string, files: readonly string[]): Promise<void> {
  const index = files.find((path) => /@localSearchIndexroot\.[^/]+\.js$/.test(path));
  if (index === undefined) throw new Error("The site has no index for its search");
  const { default: json } = (await import(pathToFileURL(join(dist, index)).href)) as { default: string };
  const search = MiniSearch.loadJSON(json, {
    fields: ["title", "titles", "text"],
    storeFields: ["title", "titles"],
    tokenize: searchTokens,
  });
  const [first] = search.search("nearDuplicates", { prefix: true, boost: { title: 6, titles: 2 } });
  if (!String(first?.id).includes("reference/transforms/nearDuplicates")) {
    throw new Error(`The search for nearDuplicates finds ${String(first?.id)} first`);
  }
}

function unescaped(text: string): string {
  return text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'");
}
