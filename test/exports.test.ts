/** Packs the package and installs it in an empty folder, where its imports and types must work. */

import { execFile } from "node:child_process";
import { mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import * as source from "../src/index.js";
import { temporaryFolder } from "./helpers/store.js";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");

const program = `
import { batch, connect, flow, listInputs, upload, fromIterable, type Report } from "sluice";
import { startEmulator } from "sluice/emulator";
import { jetstream } from "sluice/jetstream";
import type { testSink } from "sluice/testing";

export type Suite = Parameters<typeof testSink>;
jetstream({ stream: "photos" }); // its packages are loaded when it is read
const store = await startEmulator();
const app = await connect({ baseUrl: store.url, pat: "any" });
const report: Report = await flow(fromIterable([{ id: "a", text: "calm sea" }])).pipe(batch(), upload(app)).run();
console.log(report.summary(), (await flow(listInputs(app)).toArray())[0]?.text);
await app.close();
await store.close();
`;

it("gives working imports, types and a command", { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  const { stdout: packed } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], {
    cwd: root,
  });
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
  expect(
    files.every(({ path }) =>
      /^(dist|docs|examples)\/|^(README|ARCHITECTURE|CHANGELOG|CONTRIBUTING|SECURITY)\.md$|^LICENSE$|^package\.json$/.test(
        path,
      ),
    ),
  ).toBe(true);

  // The dependencies come from this checkout; only the package itself comes from the tarball.
  await run("tar", ["-xzf", join(folder, filename), "-C", folder]);
  const modules = join(folder, "node_modules");
  await mkdir(modules);
  await run("mv", [join(folder, "package"), join(modules, "sluice")]);
  for (const name of await readdir(join(root, "node_modules"))) {
    if (name !== "sluice") await symlink(join(root, "node_modules", name), join(modules, name));
  }
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  await writeFile(join(folder, "main.ts"), program);
  const options = { compilerOptions: { module: "NodeNext", target: "ES2023", strict: true, types: ["node"] } };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ ...options, files: ["main.ts"] }));

  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
  const { stdout } = await run(process.execPath, ["main.js"], { cwd: folder });
  expect(stdout).toMatch(/read 1 = ok 1 .*calm sea/s);
  const help = await run(process.execPath, [join(modules, "sluice/dist/cli/main.js"), "--help"]);
  expect(help.stdout).toContain("emulator");
});

it("has the surface that is listed, and no other", () => {
  expect(Object.keys(source).sort()).toMatchSnapshot();
});
