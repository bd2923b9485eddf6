/** Makes the folders of a test run before it, and removes them after it. What a killed run left is removed, too. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder of the bundles of this run. */
    bundles: string;
  }
}

/** Where Node.js finds the modules of this checkout. */
const cache = join(import.meta.dirname, "../../node_modules/.cache/sluice-test");
/** A disk in memory: on it, the many small files of the tests took a twentieth off the time of a run. */
const memory = "/dev/shm";
const prefix = "sluice-tests-";
const neededBytes = 4e9; // a run of every day uses 0.3 GB

/** Vitest calls this once for each project. */
export default function setup(project: TestProject): () => void {
  mkdirSync(cache, { recursive: true });
  for (const name of readdirSync(cache)) if (isEnded(name)) remove(join(cache, name));
  const bundles = join(cache, String(process.pid));
  project.provide("bundles", bundles);
  project.onTestsRerun(() => remove(bundles));
  const temporary = project.vite.config.mode === "long" ? undefined : temporaryOnMemory();
  return () => {
    remove(bundles);
    if (temporary !== undefined) remove(temporary);
  };
}

/** Moves the temporary folders to the disk in memory, if there is one with space. */
function temporaryOnMemory(): string | undefined {
  const own = `${prefix}${process.pid}-`;
  try {
    const { bavail, bsize } = statfsSync(memory);
    if (bavail * bsize < neededBytes || process.env.TMPDIR?.startsWith(join(memory, own))) return undefined;
    for (const name of readdirSync(memory)) {
      if (name.startsWith(prefix) && isEnded(name.split("-")[2] ?? "")) remove(join(memory, name));
    }
    process.env.TMPDIR = mkdtempSync(join(memory, own));
    return process.env.TMPDIR;
  } catch {
    return undefined; // only Linux has it, and not for every user
  }
}

/** Removes a folder. One of another user stays. */
function remove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    // its user removes it
  }
}

function isEnded(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "EPERM"; // EPERM: it runs for another user
  }
}
