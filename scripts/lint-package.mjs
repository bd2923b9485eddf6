/** Packs the package as it is built, and checks its files, entry points and types: `node scripts/lint-package.mjs`. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { publint } from "publint";
import { formatMessage } from "publint/utils";

const folder = "node_modules/.cache";
const packing = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
const [{ filename, files }] = JSON.parse(execFileSync("npm", packing, { encoding: "utf8" }));
const tarball = `${folder}/${filename}`;
const meant =
  /^(dist|docs|examples)\/|^((README|ARCHITECTURE|CHANGELOG|CONTRIBUTING|SECURITY)\.md|LICENSE|package\.json)$/;
assert.deepEqual(
  files.map(({ path }) => path).filter((path) => !meant.test(path)),
  [],
  "the package has files that users do not need",
);

const { messages, pkg } = await publint({
  strict: true,
  pack: { tarball: new Uint8Array(readFileSync(tarball)).buffer },
});
// examples/plugin is a package to copy. Nothing imports it from here, so its "exports" have no effect, as they should.
const problems = messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code);
const faults = problems.filter((text) => !text.includes("examples/plugin/package.json"));
if (faults.length > 0) throw new Error(faults.join("\n"));

execFileSync("npx", ["attw", tarball, "--ignore-rules", "cjs-resolves-to-esm", "--quiet"], { stdio: "inherit" });
