/** Puts the temporary folders of tests on a disk in memory: they hold many small files, and a twentieth of all time passes in the file system. */

import { mkdirSync, readdirSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { empty, isAlive } from "./bundles.js";

const disk = "/dev/shm";
const prefix = "sluice-tests-";
const neededBytes = 4e9; // ten times what the tests of every day use

/** Vitest calls this before the tests. Without such a disk, the system's folder is used. What a killed run left is removed. */
export default function setup(): (() => void) | undefined {
  if (!hasSpace()) return undefined;
  for (const name of readdirSync(disk)) {
    if (name.startsWith(prefix) && !isAlive(Number(name.slice(prefix.length)))) empty(join(disk, name));
  }
  const folder = join(disk, `${prefix}${process.pid}`);
  mkdirSync(folder, { recursive: true });
  process.env.TMPDIR = folder;
  return () => empty(folder);
}

function hasSpace(): boolean {
  try {
    const { bavail, bsize } = statfsSync(disk);
    return bavail * bsize >= neededBytes;
  } catch {
    return false; // only Linux has it
  }
}
