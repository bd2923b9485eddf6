/** Configures the site. `site/build.ts` writes its pages and its sidebars first. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import type { SiteData } from "../build.js";
import { linkNames, nameFinder } from "../src/name-links.js";
import { searchTokens } from "../src/search-tokens.js";
import { slugOf } from "../src/slug.js";

const site = join(import.meta.dirname, "..");
const { sidebar, sections, codes, version } = JSON.parse(
  readFileSync(join(site, "pages/site.json"), "utf8"),
) as SiteData;
const base = process.env.SITE_BASE ?? "/";

export default defineConfig({
  title: "Sluice",
  description:
    "Streams images, video, audio and text through transforms into Clarifai's Inputs API, or into an emulator on your own disk.",
  lang: "en",
  base,
  srcDir: "pages",
  outDir: "dist",
  cacheDir: "node_modules/.cache/vitepress",
  metaChunk: true,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `${base}icon.svg` }]],
  markdown: {
    html: false, // the pages are plain Markdown, in which < is a character
    linkify: false,
    attrs: { disable: true },
    anchor: { slugify: slugOf },
    theme: { light: "github-light-default", dark: "github-dark-default" },
    config(markdown) {
      linkNames(markdown, nameFinder(sections, codes), base);
      // Vue would evaluate what stands in braces.
      const { text } = markdown.renderer.rules;
      markdown.renderer.rules.text = (...args) => (text?.(...args) ?? "").replaceAll("{{", "&#123;&#123;");
    },
  },
  themeConfig: {
    logo: "/icon.svg",
    outline: [2, 3],
    sidebar,
    nav: [
      { text: "Guides", link: "/contents", activeMatch: "^/(contents|guide|recipes|plugins)" },
      { text: "Examples", link: "/repository/examples/" },
      { text: "Reference", link: "/reference/", activeMatch: "^/reference" },
      { text: `v${version}`, link: "/changelog" },
    ],
    search: {
      provider: "local",
      options: {
        miniSearch: {
          options: { tokenize: searchTokens },
          searchOptions: { fuzzy: 0.15, prefix: true, boost: { title: 6, text: 1, titles: 2 } },
        },
      },
    },
  },
});
