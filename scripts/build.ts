/** Builds the package: one file for each entry and for shared code, the types of every file, and the gallery's page. */

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build, type PluginBuild } from "esbuild";
import { landPath } from "./land-path.js";
import { removeUnusedTypes } from "./unused-types.js";

const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(
  readFileSync("package.json", "utf8"),
) as Record<string, Record<string, string>>;
/**
 * Packages that users install. All others are bundled: those that every program loads, those that bring packages of their own, and those in CommonJS
 * that load modules of Node.js, which a user's bundler cannot turn into ESM. zod is bundled too; its types come from the package.
 */
const installed = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }).filter(
  (name) => name !== "zod",
);

rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
removeUnusedTypes("dist", ["index", "emulator/index", "jetstream/index", "testing/index"]);
const { metafile } = await build({
  entryPoints: {
    index: "src/index.ts",
    "emulator/index": "src/emulator/index.ts",
    "jetstream/index": "src/jetstream/index.ts",
    "testing/index": "src/testing/index.ts",
    "cli/main": "src/cli/main.ts",
  },
  outdir: "dist",
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: true,
  sourcesContent: false, // stacks name the files and lines of the repository without it
  metafile: true,
  external: installed.flatMap((name) => [name, `${name}/*`]),
  plugins: [{ name: "undici", setup: leaveFetchOut }],
  minifyWhitespace: true, // a third less to read at each start; names stay
  lineLimit: 160, // Node.js shows the line of an error that nobody catches
  // Bundled CommonJS packages load the modules of Node.js with `require`. In a user's bundle of CommonJS, `import.meta.url` is undefined.
  define: { "import.meta.url": "moduleUrl" },
  banner: {
    js:
      'import { createRequire as requireFrom } from "node:module"; import { pathToFileURL as urlOfPath } from "node:url"; ' +
      "const moduleUrl = import.meta.url ?? urlOfPath(__filename).href; const require = requireFrom(moduleUrl);",
  },
  logLevel: "warning",
});
chmodSync("dist/cli/main.js", 0o755);
leaveToNode(Object.keys(metafile.outputs), ["sharp", ...Object.keys(peerDependencies ?? {})]);

const page = "src/emulator/gallery/page";
const { metafile: pageFiles } = await build({
  entryPoints: [`${page}/page.tsx`, `${page}/page.css`],
  outdir: "dist/gallery",
  bundle: true,
  format: "esm",
  target: ["chrome123", "firefox121", "safari17.5"],
  minify: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  metafile: true,
  logLevel: "warning",
});
for (const name of ["page.html", "icon.svg"]) copyFileSync(`${page}/${name}`, `dist/gallery/${name}`);
writeFileSync("dist/gallery/land.txt", landPath("node_modules/world-atlas/land-110m.json"));
const inputs = [metafile, pageFiles].flatMap((files) => Object.keys(files.inputs));
// The descriptors of gRPC come from these packages and from their authors.
const definitions = ["node_modules/clarifai-nodejs-grpc/package.json", "node_modules/@grpc/grpc-js/package.json"];
writeFileSync("dist/licenses.txt", licenses([...inputs, "node_modules/world-atlas/land-110m.json", ...definitions]));

/** Leaves out the modules of undici for fetch, which it loads for bodies of FormData. No request of ours has one. */
function leaveFetchOut({ onLoad, onResolve }: PluginBuild): void {
  const contents = 'export function extractBody() { throw new TypeError("a body of FormData is not supported"); }';
  onResolve({ filter: /^\.\.?\/.*web\/fetch\/body\.js$/ }, ({ path }) => ({ path, namespace: "left-out" }));
  onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ contents }));
}

/** Tells users' bundlers to leave imports of packages with native code and of optional packages to Node.js. They could not bundle or find them. */
function leaveToNode(files: readonly string[], names: readonly string[]): void {
  const loads = new RegExp(`\\bimport\\((?="(?:${names.join("|")})[/"])`, "g");
  for (const file of files.filter((name) => name.endsWith(".js"))) {
    const code = readFileSync(file, "utf8");
    const marked = code.replace(loads, "import(/* webpackIgnore: true */ /* @vite-ignore */ ");
    if (marked !== code) writeFileSync(file, marked);
  }
}

/** Returns the licences of the bundled packages, which require this, with their versions. */
function licenses(inputs: readonly string[]): string {
  const folders = new Set(inputs.map((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]));
  const texts = [...folders].sort().flatMap((folder) => {
    if (folder === undefined) return [];
    const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as Record<string, string>;
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    return [`${name} ${version}\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}\n`];
  });
  return texts.join("\n---\n\n");
}
