/** Builds the site into `site/dist`: collects the pages, writes the reference, runs VitePress, and checks the result. */

import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "vitepress";
import { checkSite } from "./src/check-site.js";
import { collectPages } from "./src/collect-pages.js";
import { readContents } from "./src/contents.js";
import { type ReferenceSection, writeReference } from "./src/reference/reference.js";
import { canonical, pageOf, root } from "./src/repository.js";
import { sidebars } from "./src/sidebar.js";

export interface SiteData {
  sections: ReferenceSection[];
  /** Codes that have a row on the page of error codes. */
  codes: string[];
  sidebar: ReturnType<typeof sidebars>;
  version: string;
}

const site = import.meta.dirname;
const pages = join(site, "pages");

rmSync(pages, { recursive: true, force: true });
const contents = readContents(readFileSync(join(site, "contents.md"), "utf8"));
const listed = contents.flatMap(({ items }) => items.map(({ path }) => canonical(path)));
const count = collectPages(pages, listed);
const sections = writeReference(pages);
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
const sidebar = sidebars(contents, sections, (path) => pageOf(canonical(path)));
const codes = [...readFileSync(join(root, "docs/errors.md"), "utf8").matchAll(/^\| `(ERR_\w+)` \|/gm)].map(
  ([, code = ""]) => code,
);
writeFileSync(join(pages, "site.json"), JSON.stringify({ sections, codes, sidebar, version } satisfies SiteData));
copyFileSync(join(root, "src/emulator/gallery/page/icon.svg"), join(pages, "public/icon.svg"));

process.env.VITE_EXTRA_EXTENSIONS = "parquet"; // not a page, though VitePress does not know the ending
await build(site);
await checkSite(join(site, "dist"), process.env.SITE_BASE ?? "/");
console.log(
  `${count} pages and files of the repository, ${sections.reduce((sum, { names }) => sum + names.length, 0)} public names`,
);
