/** A lock on a file: one process at a time, for as long as it lives. */

import { readFileSync } from "node:fs";
import { mkdir, open, readdir, rm, rmdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** A process, told apart from an earlier one with its number. */
export interface Owner {
  pid: number;
  /** When it was started, as the system counts; a mere number where the system does not tell. */
  started: string;
  /** The start of the machine; empty where the system does not tell. */
  boot: string;
  host: string;
}

/** Who holds the lock. */
export class LockedError extends Error {
  readonly owner: Owner;

  constructor(owner: Owner) {
    super(`held by process ${owner.pid}`);
    this.owner = owner;
  }
}

/** Processes that ask at the same moment see each other, step back and ask again. */
const maxTries = 8;
const stepBackMs = 20;
/** Times that the folder of claims may vanish under a new claim: its last holder removes it. */
const maxVanished = 100;

/**
 * Takes the lock of `path`; gives back its release.
 *
 * Each process puts a claim, an empty file with its own name, into the folder `<path>.lock`, and then looks for others. Claims of processes that
 * are gone are removed: their names are nobody else's, so that two who remove them at once do no harm. Whoever sees the claim of a living
 * process withdraws. So at most one holds the lock, and a killed one never blocks it.
 *
 * @throws {LockedError}
 */
export async function takeLock(
  path: string,
  owner: Owner = thisProcess(),
  isAlive: (owner: Owner) => boolean = (other) => livesNow(other, owner),
): Promise<() => Promise<void>> {
  const folder = `${path}.lock`;
  const claim = join(folder, nameOf(owner));
  const release = async () => {
    await rm(claim, { force: true });
    await rmdir(folder).catch(() => undefined); // another claim is in it
  };
  for (let tries = 1; ; tries += 1) {
    if (!(await putClaim(folder, claim))) throw new LockedError(owner);
    const holder = await otherIn(folder, nameOf(owner), isAlive);
    if (!holder) return release;
    await release();
    if (tries === maxTries) throw new LockedError(holder);
    await wait(stepBackMs * (0.5 + Math.random() * tries));
  }
}

/** This process, as its claims name it. */
export function thisProcess(): Owner {
  return {
    pid: process.pid,
    started: startOf(process.pid) ?? String(Math.round(performance.timeOrigin)),
    boot: (textOf("/proc/sys/kernel/random/boot_id") ?? "").replaceAll("-", "").slice(0, 12).trim(),
    host: hostname().replace(/[^A-Za-z0-9.-]/g, "_"),
  };
}

/** Whether a process is there; one of another machine, which cannot be asked, counts as there. */
export function livesNow(other: Owner, self: Owner): boolean {
  if (other.boot !== self.boot || (self.boot === "" && other.host !== self.host)) return other.host !== self.host;
  if (other.pid === self.pid) return other.started === self.started;
  const started = startOf(other.pid);
  if (started !== undefined) return started === other.started;
  try {
    process.kill(other.pid, 0);
    return self.boot === ""; // where there is a /proc, only its number is left
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // another user's, which /proc may hide
  }
}

/** False when this process has its claim there already. */
async function putClaim(folder: string, claim: string): Promise<boolean> {
  for (let tries = 1; ; tries += 1) {
    await makeFolder(folder);
    try {
      await (await open(claim, "wx")).close();
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") return false;
      if (code !== "ENOENT" || tries === maxVanished) throw error;
    }
  }
}

/** Not with `recursive`: on a disk that cannot be written, that reports a missing folder, as if its last holder had removed it. */
async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}

async function otherIn(folder: string, own: string, isAlive: (owner: Owner) => boolean): Promise<Owner | undefined> {
  for (const name of await readdir(folder)) {
    const other = name === own ? undefined : ownerOf(name);
    if (!other) continue;
    if (isAlive(other)) return other;
    await rm(join(folder, name), { force: true });
  }
  return undefined;
}

function nameOf({ pid, started, boot, host }: Owner): string {
  return `${pid}-${started}-${boot}-${host}`;
}

function ownerOf(name: string): Owner | undefined {
  const match = /^(\d+)-(\d+)-([0-9a-f]*)-(.*)$/.exec(name);
  if (!match) return undefined;
  const [, pid = "", started = "", boot = "", host = ""] = match;
  return { pid: Number(pid), started, boot, host };
}

/** When a process was started, in ticks since the machine was; undefined when it is not there, or has ended and only its number is left. */
function startOf(pid: number): string | undefined {
  const stat = textOf(`/proc/${pid}/stat`);
  const [state, ...fields] = stat?.slice(stat.lastIndexOf(")") + 2).split(" ") ?? [];
  return state === "Z" || state === "X" ? undefined : fields[18];
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
