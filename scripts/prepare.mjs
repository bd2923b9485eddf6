/** Builds the package after an installation in a checkout without a build: npm installs a package from a git address in this way. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

if (!existsSync("dist/index.js")) {
  // Without the packages for development (`--omit=dev`), a build is not possible.
  if (existsSync("node_modules/tsx"))
    execFileSync(process.execPath, ["node_modules/tsx/dist/cli.mjs", "scripts/build.ts"], { stdio: "inherit" });
  else console.error("sluice: not built; run `npm ci && npm run build` in the checkout");
}
