/** The files of the package: links in its pages, types, and packages that it needs. */

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, join, normalize } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { importsOf } from "../scripts/unused-types.js";

const root = join(import.meta.dirname, "..");
interface Manifest
  extends Record<
    "dependencies" | "optionalDependencies" | "peerDependencies" | "devDependencies",
    Record<string, string>
  > {
  exports: Record<string, unknown>;
  typesVersions: { "*": Record<string, unknown> };
}
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Manifest;
const { dependencies, optionalDependencies, peerDependencies, devDependencies } = manifest;
const installed = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });

/** Every file of the tarball, and every folder. */
const packed = new Set<string>();

beforeAll(async () => {
  const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--ignore-scripts", "--json"], {
    cwd: root,
  });
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  for (let { path } of files) for (; path !== "."; path = dirname(path)) packed.add(path);
});

describe("the packed pages", () => {
  it("include those that users read", () => {
    const pages = ["README.md", "CHANGELOG.md", "docs/errors.md", "docs/guide/limits.md", "examples/01-folder.ts"];
    expect(pages.filter((page) => !packed.has(page))).toEqual([]);
  });

  it("link only to what is packed", () => {
    // CONTRIBUTING.md is about the checkout. Programs read the copy of the error codes in dist.
    const pages = [...packed].filter(
      (path) => path.endsWith(".md") && path !== "CONTRIBUTING.md" && path !== "dist/errors.md",
    );
    const links = pages.flatMap((page) =>
      targetsOf(readFileSync(join(root, page), "utf8")).map((target) => [page, normalize(join(dirname(page), target))]),
    );
    expect(links.length).toBeGreaterThan(100);
    expect(
      links.filter(([, target = ""]) => !packed.has(target.replace(/\/$/, ""))).map((link) => link.join(" → ")),
    ).toEqual([]);
  });
});

describe("the packed code", () => {
  it("names only pages that are packed", () => {
    const code = [...packed].filter((path) => /^dist\/.*\.js$/.test(path));
    const pages = code.flatMap((path) => readFileSync(join(root, path), "utf8").match(/\bdocs\/[\w/-]+\.md/g) ?? []);
    expect(pages.filter((page) => !packed.has(page))).toEqual([]);
  });

  it("imports only Node.js and packages that users install", () => {
    const code = [...packed].filter((path) => /^dist\/.*\.js$/.test(path) && !path.startsWith("dist/gallery/"));
    const names = code.flatMap((path) => [
      ...readFileSync(join(root, path), "utf8").matchAll(/(?:\bfrom|\bimport\(|\brequire\()\s*"([@a-z][\w@/.:-]*)"/g),
    ]);
    expect(foreign(names.map(([, name = ""]) => name))).toEqual(["sluice"]); // in the text of an example
  });

  it("has types that need nothing else", () => {
    const types = [...packed].filter((path) => path.endsWith(".d.ts"));
    expect(types.length).toBeGreaterThan(100);
    expect(foreign(types.flatMap((path) => importsOf(join(root, path))))).toEqual([]);
  });

  it("has types of every entry for resolution by typesVersions", () => {
    const entries = Object.keys(manifest.exports).filter((name) => name !== "." && name !== "./package.json");
    expect(Object.keys(manifest.typesVersions["*"])).toEqual(entries.map((name) => name.slice(2)));
  });
});

describe("package.json", () => {
  it("has ranges for what users install, and exact versions for what is bundled", () => {
    const isRange = (version: string) => /^(\^|>=)/.test(version);
    const ranges = Object.values({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    expect(ranges.filter((range) => !isRange(range))).toEqual([]);
    expect(Object.values(devDependencies).filter(isRange)).toEqual([]);
  });

  it("explains every package that users install or that is bundled", () => {
    const page = readFileSync(join(root, "docs/dependencies.md"), "utf8");
    const bundled = readFileSync(join(root, "dist/licenses.txt"), "utf8").matchAll(
      /^(@?[a-z][\w./-]*) \d+\.\d+\.\d+$/gm,
    );
    const direct = [...bundled].map(([, name = ""]) => name).filter((name) => name in devDependencies);
    expect(direct).toContain("undici");
    expect([...installed, ...direct].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
    const [, tables = ""] = page.split("## Packages that are bundled");
    const rows = tables.split("## Bundlers")[0]?.matchAll(/^\| (`.+?) \|/gm) ?? [];
    const named = [...rows].flatMap(([, cell = ""]) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
    expect(named).toContain("undici");
    expect(named.filter((name) => !installed.includes(name) && !(name in devDependencies))).toEqual([]);
  });
});

/** Names of packages that are neither installed nor part of Node.js. */
function foreign(names: readonly string[]): string[] {
  const isKnown = (name: string) =>
    name.startsWith(".") ||
    name.startsWith("node:") ||
    builtinModules.includes(name) ||
    installed.some((known) => name === known || name.startsWith(`${known}/`));
  return [...new Set(names.filter((name) => !isKnown(name)))].sort();
}

/** Returns the relative targets of the links and pictures of a page, without those in code. */
function targetsOf(markdown: string): string[] {
  const prose = markdown.replace(/^( *)```.*?^\1```/gms, "").replace(/`[^`\n]*`/g, "");
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g), ...prose.matchAll(/(?:src|href|srcset)="([^"]+)"/g)];
  return links
    .map(([, target = ""]) => target.replace(/#.*/, ""))
    .filter((target) => target !== "" && !/^[a-z]+:/i.test(target));
}
