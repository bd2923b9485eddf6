/** Bundles the programs that tests start as processes: a bundle starts in a fifth of the time. All workers of a test run share them. */

import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, buildSync } from "esbuild";
import { inject } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Returns the folder of a bundle, which is laid out as the package. Builds it if no worker has done so in this run. */
export function bundleOf(name: string, options: BuildOptions): string {
  const folder = join(inject("bundles"), name);
  if (existsSync(folder)) return folder;
  const building = `${folder}.${process.pid}`;
  mkdirSync(building, { recursive: true });
  buildSync({ bundle: true, format: "esm", platform: "node", outdir: join(building, "dist"), ...options });
  copyFileSync(join(root, "package.json"), join(building, "package.json"));
  try {
    renameSync(building, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(building, { recursive: true }); // another worker was faster
  }
  return folder;
}
