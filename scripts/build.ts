/** The build: one file for each entry and for what they share, and the types of every file beside them. */

import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";

const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> };

rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
await build({
  entryPoints: {
    index: "src/index.ts",
    "emulator/index": "src/emulator/index.ts",
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
  // All stay packages but zod: its index loads the texts of fifty languages, a fifth of the start of a program that never shows one.
  external: [...Object.keys(dependencies).filter((name) => name !== "zod"), "rxjs/*", "vitest"],
  logLevel: "warning",
});
chmodSync("dist/cli/main.js", 0o755);
