/** Prints the section of CHANGELOG.md for a release. Fails if the tag is not the version of package.json, or if the section is missing or empty. */

import { readFileSync } from "node:fs";

const [tag] = process.argv.slice(2);
const { version } = JSON.parse(readFileSync("package.json", "utf8"));
if (tag !== `v${version}`) fail(`the tag ${tag} is not v${version}, the version in package.json`);

const [, ...sections] = readFileSync("CHANGELOG.md", "utf8").split(/^## /m);
const section = sections.find((text) => text.split("\n", 1)[0].split(/[ ,]/, 1)[0] === version);
if (section === undefined) fail(`CHANGELOG.md has no section "## ${version}"`);
const notes = section.slice(section.indexOf("\n")).trim();
if (notes === "") fail(`the section "## ${version}" of CHANGELOG.md is empty`);
console.log(notes);

function fail(reason) {
  console.error(`changelog-section: ${reason}`);
  process.exit(1);
}
