/**
 * Installs the packed package in temporary projects, as users of other tools do, and runs it there: bundlers, test runners, other runtimes, versions of
 * TypeScript, and the lowest version of every dependency. `npm run build` comes first.
 *
 *     node scripts/consumers.mjs                 # those without a download of their own, which use esbuild, TypeScript and vitest of this checkout
 *     node scripts/consumers.mjs all             # every one
 *     node scripts/consumers.mjs vite bun        # some
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
const fixtures = join(root, "scripts/consumers");
const windows = process.platform === "win32";
const { dependencies, optionalDependencies } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
const work = await mkdtemp(join(tmpdir(), "sluice-consumers-"));
const projects = ["tsconfig.json", "tsconfig.bundler.json"];
const said = "consumer: read 3 = ok 3, calm sea, 40 x 30";

/** Each has the packages that npm installs beside Sluice, and what runs in the folder of the project. */
const consumers = {
  esbuild: {
    light: true,
    async check(folder) {
      const { build } = await import("esbuild");
      for (const format of ["esm", "cjs"]) {
        const outfile = join(folder, `out.${format === "esm" ? "mjs" : "cjs"}`);
        const entryPoints = [join(folder, "main.mjs")];
        await build({
          entryPoints,
          outfile,
          format,
          bundle: true,
          platform: "node",
          logLevel: "error",
          external: ["sharp"],
        });
        await says(folder, process.execPath, [outfile]);
      }
    },
  },
  command: {
    light: true,
    async check(folder) {
      const { stdout } = await start(folder, process.execPath, ["node_modules/sluice/dist/cli/main.js", "--help"]);
      assert.match(stdout, /emulator/);
    },
  },
  commonjs: { light: true, check: (folder) => says(folder, process.execPath, ["require.cjs"]) },
  typescript: {
    light: true,
    async check(folder) {
      for (const name of ["jetstream", "transport-node"]) await link(`@nats-io/${name}`, join(folder, "node_modules"));
      await types(folder, join(root, "node_modules/typescript"), [...projects, "tsconfig.jetstream.json"]);
    },
  },
  plugin: { light: true, check: checkPlugin },
  typescript5: { packages: ["typescript@5.9", "@types/node@20"], check: (folder) => types(folder) },
  typescript7: { packages: ["typescript@7", "@types/node@24"], check: (folder) => types(folder) },
  vite: {
    packages: ["vite@8"],
    async check(folder) {
      const vite = join(folder, "node_modules/vite/bin/vite.js");
      await start(folder, process.execPath, [vite, "build", "--ssr", "main.mjs", "--logLevel", "error"]);
      await says(folder, process.execPath, ["dist/main.js"]);
      await writeFile(join(folder, "vite.config.mjs"), 'export default { ssr: { noExternal: ["sluice"] } };');
      await start(folder, process.execPath, [vite, "build", "--ssr", "main.mjs", "--logLevel", "error"]);
      await says(folder, process.execPath, ["dist/main.js"]);
    },
  },
  jest: {
    packages: ["jest@30"],
    async check(folder) {
      const options = [
        "--experimental-vm-modules",
        join(folder, "node_modules/jest/bin/jest.js"),
        "--ci",
        "--rootDir",
        ".",
      ];
      const { stderr } = await start(folder, process.execPath, options);
      assert.match(stderr, /1 passed, 1 total/);
    },
  },
  bun: {
    packages: ["bun@1"],
    scripts: true, // unpacks its binary
    check: (folder) => says(folder, join(folder, "node_modules/.bin/bun"), ["main.mjs"]),
  },
  deno: {
    packages: ["deno@2"],
    scripts: true,
    check: (folder) =>
      says(folder, join(folder, "node_modules/.bin/deno"), ["run", "--allow-all", "--quiet", "main.mjs"]),
  },
  lowest: { packages: lowest(), check: (folder) => says(folder, process.execPath, ["main.mjs"]) },
};

const asked = process.argv.slice(2);
const names = Object.keys(consumers).filter((name) =>
  asked.length === 0 ? consumers[name].light : asked.includes("all") || asked.includes(name),
);
const unknown = asked.filter((name) => name !== "all" && !(name in consumers));
assert.deepEqual(unknown, [], `no such consumers; there are: ${Object.keys(consumers).join(", ")}`);

const { stdout } = await npm(root, ["pack", "--ignore-scripts", "--json", "--pack-destination", work]);
const tarball = join(work, JSON.parse(stdout)[0].filename);
let failed = 0;
for (const name of names) {
  try {
    await check(name);
    console.log(`${name}: passed`);
  } catch (error) {
    failed += 1;
    console.error(`${name}: failed`, error.stderr || error.stdout || error);
  }
}
await rm(work, { recursive: true, force: true });
console.log(`${names.length - failed} of ${names.length} consumers passed on Node.js ${process.version}`);
process.exitCode = failed > 0 ? 1 : 0;

/** Makes a project, installs the tarball and the tool, and runs the check. */
async function check(name) {
  const folder = join(work, name);
  const { packages, scripts, check: checked } = consumers[name];
  await cp(fixtures, folder, { recursive: true });
  if (packages === undefined) await unpack(folder);
  else await npm(folder, ["install", "--no-audit", "--no-fund", `--ignore-scripts=${!scripts}`, tarball, ...packages]);
  await checked(folder);
}

/** Without a download: the dependencies of users come from this checkout, and only the package itself from the tarball. */
async function unpack(folder) {
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, "@types"), { recursive: true });
  await run("tar", ["-xzf", tarball, "-C", folder]);
  await cp(join(folder, "package"), join(modules, "sluice"), { recursive: true });
  for (const name of [...Object.keys({ ...dependencies, ...optionalDependencies }), "@types/node"])
    await link(name, modules);
}

async function link(name, modules) {
  await mkdir(join(modules, name, ".."), { recursive: true });
  await symlink(join(root, "node_modules", name), join(modules, name), windows ? "junction" : "dir");
}

/** Runs the program, which prints one line. A warning of Node.js is a failure too. */
async function says(folder, command, options) {
  const { stdout: printed, stderr } = await start(folder, command, options);
  assert.equal(printed.trim(), said);
  assert.doesNotMatch(stderr, /warning/i);
}

/** Checks a program of TypeScript with the strictest settings, also the types of packages, as Node.js finds modules and as bundlers do. */
async function types(folder, typescript = join(folder, "node_modules/typescript"), checked = projects) {
  for (const project of checked) await start(folder, process.execPath, [join(typescript, "bin/tsc"), "-p", project]);
}

/** The example of a plugin package: it builds, passes its own tests, and works as it is packed. */
async function checkPlugin(folder) {
  const plugin = join(folder, "plugin");
  const modules = join(folder, "node_modules");
  await cp(join(root, "examples/plugin"), plugin, { recursive: true });
  await link("vitest", modules);
  await start(plugin, process.execPath, [join(root, "node_modules/typescript/bin/tsc")]);
  const vitest = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--no-isolate", "--maxWorkers=1"];
  assert.match((await start(plugin, process.execPath, vitest)).stdout, /Test Files +3 passed/);
  const [{ filename, files }] = JSON.parse((await npm(plugin, ["pack", "--ignore-scripts", "--json"])).stdout);
  for (const { path } of files) assert.match(path, /^(dist\/|README\.md|package\.json)/);
  await run("tar", ["-xzf", join(plugin, filename), "-C", plugin]);
  await cp(join(plugin, "package"), join(modules, "sluice-subtitles"), { recursive: true });
  await writeFile(join(folder, "film.srt"), "1\n00:00:01,000 --> 00:00:02,000\nCalm sea.\n");
  assert.match((await start(folder, process.execPath, ["subtitles.mjs"])).stdout, /read 1 = ok 1/);
}

/** The lowest version of every range. */
function lowest() {
  const ranges = Object.entries({ ...dependencies, ...optionalDependencies });
  return ranges.map(([name, range]) => `${name}@${/\d+\.\d+\.\d+/.exec(range)[0]}`);
}

function start(cwd, command, options) {
  const env = { ...process.env, NO_COLOR: "1" };
  return run(command, options, { cwd, env, timeout: 300_000, maxBuffer: 2 ** 24 });
}

function npm(cwd, options) {
  return run(windows ? "npm.cmd" : "npm", options, { cwd, timeout: 600_000, maxBuffer: 2 ** 24, shell: windows });
}
