/** Builds the site of the documentation, or serves the built one: `npm run docs`, `npm run docs:preview`. Installs what only the site needs on first use. */

import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

const site = join(import.meta.dirname, "../site");
const installed = join(site, "node_modules/.package-lock.json");

function run(program: string, ...args: string[]): void {
  execFileSync(process.execPath, [program, ...args], { stdio: "inherit", cwd: site });
}

const isInstalled =
  existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(site, "package-lock.json")).mtimeMs;
if (!isInstalled) execFileSync("npm", ["ci"], { stdio: "inherit", cwd: site, shell: process.platform === "win32" });

if (process.argv.includes("--preview")) {
  if (!existsSync(join(site, "dist/index.html"))) throw new Error("There is no site yet; run npm run docs first");
  run("node_modules/vitepress/bin/vitepress.js", "preview", "--base", process.env.SITE_BASE ?? "/");
} else {
  run("../node_modules/typescript/bin/tsc");
  run("../node_modules/tsx/dist/cli.mjs", "build.ts");
}
