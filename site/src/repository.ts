/** The files of the repository that the site shows: where each one is, and what its page contains. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { titleOf } from "./markdown.js";
import { isNotebook, notebookPage } from "./notebook.js";

export const root = join(import.meta.dirname, "../..");

const rootPages: Record<string, string> = { "SECURITY.md": "reporting-vulnerabilities.md" };
const languages: Record<string, string> = {
  ".mjs": "js",
  ".yml": "yaml",
  ".sh": "sh",
  ".csv": "csv",
  ".jsonl": "json",
  ".ndjson": "json",
};
const hidden = /^(\.|node_modules$|dist$|package-lock\.json$)/;

/** Folders whose listings link to their files. Of others, the site would show the whole repository. */
const listed = /^(docs|examples)(\/|$)/;

/** Returns the folder in place of its README.md, which is on the page of the folder. */
export function canonical(path: string): string {
  const plain = path.replace(/\/$/, "");
  if (plain === "docs") return "docs/README.md";
  return plain.endsWith("/README.md") && plain !== "docs/README.md" ? dirname(plain) : plain;
}

/** Returns the page of a file or a folder, as a path in the folder of pages. */
export function pageOf(path: string): string {
  const place = `repository/${path.replaceAll(/(?<=^|\/)\./g, "")}`; // VitePress ignores what begins with a dot
  const isFolder = statSync(join(root, path)).isDirectory();
  if (isFolder) return path.startsWith("docs/") ? `${path.slice(5)}/index.md` : `${place}/index.md`;
  if (path === "site/home.md") return "index.md";
  if (path === "docs/README.md") return "contents.md";
  if (path.startsWith("docs/")) return path.slice(5);
  if (/^[A-Z]+\.md$/.test(path)) return rootPages[path] ?? path.toLowerCase();
  return `${place}${path.endsWith(".md") ? "" : ".md"}`;
}

/** Whether a file is shown as it is, such as a picture, and not on a page. */
export function isAsset(path: string): boolean {
  return [".svg", ".png", ".jpg", ".jpeg", ".webp", ".mp4", ".wav", ".parquet"].includes(extname(path));
}

/** Returns the Markdown of a file or a folder. */
export function markdownOf(path: string): string {
  const full = join(root, path);
  if (statSync(full).isDirectory()) return folderPage(path);
  const text = readFileSync(full, "utf8");
  if (path.endsWith(".md")) return text;
  if (isNotebook(path)) return notebookPage(basename(path), text);
  const extension = extname(path);
  const language = languages[extension] ?? (extension.slice(1) || "text");
  const mark = "`".repeat(Math.max(3, ...[...text.matchAll(/`{3,}/g)].map(([ticks]) => ticks.length + 1)));
  return `# ${basename(path)}\n\n\`${path}\` in the repository:\n\n${mark}${language}\n${text.trimEnd()}\n${mark}\n`;
}

function folderPage(path: string): string {
  const names = readdirSync(join(root, path)).filter((name) => !hidden.test(name));
  const readme = names.includes("README.md") ? readFileSync(join(root, path, "README.md"), "utf8") : undefined;
  const lines = names
    .filter((name) => name !== "README.md")
    .toSorted()
    .map((name) => {
      const title = nameIn(path, name);
      return `- ${listed.test(path) ? `[${title}](${encodeURI(name)})` : title}${aboutOf(path, name)}`;
    });
  if (readme !== undefined && path.startsWith("docs/")) return readme; // it lists its pages
  const start = readme ?? `# ${folderTitle(path)}\n`;
  return `${start.trimEnd()}\n\n${readme === undefined ? "" : "## Files\n\n"}${lines.join("\n")}\n`;
}

function folderTitle(path: string): string {
  const name = basename(path);
  return `${name.charAt(0).toUpperCase()}${name.slice(1).replaceAll("-", " ")}`;
}

function nameIn(folder: string, name: string): string {
  return name.endsWith(".md") ? (titleOf(readFileSync(join(root, folder, name), "utf8")) ?? name) : name;
}

/** A program says in its first line what it does. */
function aboutOf(folder: string, name: string): string {
  if (!/\.(ts|mjs)$/.test(name)) return "";
  const about = /^\/\*\* (.+?)(?: \*\/)?$/m.exec(
    readFileSync(join(root, folder, name), "utf8").split("\n", 1)[0] ?? "",
  );
  return about ? `: ${about[1]}` : "";
}
