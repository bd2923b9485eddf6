/** Bundles the programs that tests start as processes: a bundle starts in a fifth of the time. All workers of a test run share them. */

import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type BuildOptions, buildSync } from "esbuild";
import { inject } from "vitest";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    bundles: string;
  }
}

export const root = join(import.meta.dirname, "../..");
const cache = join(root, "node_modules/.cache/sluice-test"); // where Node.js finds the modules of this checkout

/** Vitest calls this before the tests. The bundles of a run are removed when it ends, when it starts again, and by later runs if it was killed. */
export default function setup(project: TestProject): () => void {
  for (const pid of existsSync(cache) ? readdirSync(cache) : []) if (!isAlive(Number(pid))) empty(join(cache, pid));
  const folder = join(cache, String(process.pid));
  project.provide("bundles", folder);
  project.onTestsRerun(() => empty(folder));
  return () => empty(folder);
}

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
    empty(building); // another worker was faster
  }
  return folder;
}

export function empty(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
