/** The sample of a plugin package: it builds, passes its own tests, and works as it is packed, beside the package as it is built. */

import { execFile } from "node:child_process";
import { cp, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { temporaryFolder } from "./helpers/store.js";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");

const program = `
import { flow } from "sluice";
import { shiftTimes, subtitles, writeSubtitles } from "sluice-subtitles";
const report = await flow(subtitles({ path: "film.srt" })).pipe(shiftTimes({ byMs: 500 }), writeSubtitles({ path: "moved.srt" })).run();
console.log(report.summary());
`;

/** A folder of modules: those of this checkout, and the package itself. */
async function linkModules(folder: string): Promise<string> {
  const modules = join(folder, "node_modules");
  await mkdir(modules, { recursive: true });
  for (const name of await readdir(join(root, "node_modules"))) {
    if (!["sluice", ".bin", ".vite"].includes(name))
      await symlink(join(root, "node_modules", name), join(modules, name));
  }
  await symlink(root, join(modules, "sluice"));
  return modules;
}

it("the example plugin builds, passes its tests, and works as a package", { timeout: 60_000 }, async () => {
  const folder = join(temporaryFolder(), "plugin");
  await cp(join(root, "examples/plugin"), folder, { recursive: true });
  await linkModules(folder);
  const { VITEST: _, FORCE_COLOR: __, ...rest } = process.env;
  const env = { ...rest, NO_COLOR: "1" };
  const node = (at: string, ...args: string[]) => run(process.execPath, args, { cwd: at, env });

  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const [tested] = await Promise.all([
    node(folder, vitest, "run", "--no-isolate", "--maxWorkers=1"),
    node(folder, join(root, "node_modules/typescript/bin/tsc")),
  ]);
  expect(tested.stdout).toMatch(/Test Files +3 passed/);

  const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json"], { cwd: folder });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  expect(files.every(({ path }) => /^(dist\/|README\.md|package\.json)/.test(path))).toBe(true);
  const user = temporaryFolder();
  const modules = await linkModules(user);
  await run("tar", ["-xzf", join(folder, filename), "-C", user]);
  await run("mv", [join(user, "package"), join(modules, "sluice-subtitles")]);
  await writeFile(join(user, "film.srt"), "1\n00:00:01,000 --> 00:00:02,000\nCalm sea.\n");
  await writeFile(join(user, "main.mjs"), program);
  expect((await node(user, "main.mjs")).stdout).toContain("read 1 = ok 1");
});
