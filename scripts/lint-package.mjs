/** Packs the package as it is built, and checks its entry points and types: `node scripts/lint-package.mjs`. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const folder = "node_modules/.cache";
const packing = ["pack", "--ignore-scripts", "--silent", "--pack-destination", folder];
const tarball = `${folder}/${execFileSync("npm", packing, { encoding: "utf8" }).trim()}`;

const { messages, pkg } = await publint({
  strict: true,
  pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
});
// examples/plugin is a package to copy. Nothing imports it from here, so its "exports" have no effect, as they should.
const problems = messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
const faults = problems.filter((text) => !text.includes("examples/plugin/package.json"));
if (faults.length > 0) throw new Error(faults.join("\n"));

execFileSync("npx", ["attw", tarball, "--ignore-rules", "cjs-resolves-to-esm", "--quiet"], { stdio: "inherit" });
