/** Checks two rules of the layers that imports do not show: core never names the platform, and folders stay small. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Folders of plugins grow with their number, and the emulator's page is a program of its own. */
const mayGrow = new Set(["src/sources", "src/transforms", "src/sinks"]);
const maxFiles = 16;

const problems: string[] = [];
for (const folder of ["src", ...foldersIn("src")]) {
  const files = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  if (files.length > maxFiles && !mayGrow.has(folder)) {
    problems.push(`${folder} has ${files.length} files, more than ${maxFiles}: which two things is it?`);
  }
  for (const { name } of files) {
    const path = join(folder, name);
    if (!path.startsWith(join("src", "core"))) continue;
    for (const [index, line] of readFileSync(path, "utf8").split("\n").entries()) {
      if (/clarifai/i.test(line)) problems.push(`${path}:${index + 1} names the platform: ${line.trim()}`);
    }
  }
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function foldersIn(parent: string): string[] {
  return readdirSync(parent, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(parent, entry.name))
    .flatMap((folder) => [folder, ...foldersIn(folder)]);
}
