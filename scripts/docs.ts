/** Builds the site of the documentation, or serves the built one: `npm run docs`, `npm run docs:preview`. Installs what only the site needs on first use. */

import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

const site = join(import.meta.dirname, "../site");
const installed = join(site, "node_modules/.package-lock.json");

/** Ends with the program's exit code if it fails, since the program has printed why. */
function run(command: string, args: string[]): void {
  const { status } = spawnSync(command, args, {
    stdio: "inherit",
    cwd: site,
    shell: command === "npm" && process.platform === "win32",
  });
  if (status !== 0) process.exit(status ?? 1);
}

const isInstalled =
  existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(site, "package-lock.json")).mtimeMs;
if (!isInstalled) run("npm", ["ci", "--no-audit", "--no-fund"]);

if (process.argv.includes("--preview")) {
  if (!existsSync(join(site, "dist/index.html"))) throw new Error("There is no site yet; run npm run docs first");
  run(process.execPath, ["node_modules/vitepress/bin/vitepress.js", "preview", "--base", process.env.SITE_BASE ?? "/"]);
} else {
  run(process.execPath, ["../node_modules/typescript/bin/tsc"]);
  run(process.execPath, ["../node_modules/tsx/dist/cli.mjs", "build.ts"]);
}
