/** A lock on a file: one process holds it, until it releases it or ends. */

import { readFileSync } from "node:fs";
import { mkdir, open, readdir, rm, rmdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/** A process, distinguished from an earlier one with the same number. */
export interface Owner {
  pid: number;
  /** Start time of the process in the system's own unit; an arbitrary number where the system does not provide it. */
  started: string;
  /** Id of the machine's last start; empty where the system does not provide it. */
  boot: string;
  host: string;
}

/** Another process holds the lock; `owner` says which. */
export class LockedError extends Error {
  readonly owner: Owner;

  constructor(owner: Owner) {
    super(`held by process ${owner.pid}`);
    this.owner = owner;
  }
}

/** Processes that ask at the same moment see each other's claims, withdraw and try again. */
const maxTries = 8;
const withdrawMs = 20;
/** Maximum number of times that the folder of claims may vanish before the new claim is in it: the last holder removes the folder. */
const maxVanished = 100;

/**
 * Takes the lock of `path`, and returns the function that releases it.
 *
 * Each process writes a claim, an empty file named after the process, into the folder `<path>.lock`, and then lists the folder. It removes the claims of
 * processes that have ended; since their names are unique, two processes may remove them at once. A process that sees the claim of a running process
 * withdraws. So at most one process holds the lock, and a killed process never blocks it.
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
    await rmdir(folder).catch(() => undefined); // fails if the folder contains another claim
  };
  for (let tries = 1; ; tries += 1) {
    if (!(await putClaim(folder, claim))) throw new LockedError(owner);
    const holder = await otherIn(folder, nameOf(owner), isAlive);
    if (!holder) return release;
    await release();
    if (tries === maxTries) throw new LockedError(holder);
    await wait(withdrawMs * (0.5 + Math.random() * tries));
  }
}

/** Describes this process, so that other processes can check whether it still runs. */
export function thisProcess(): Owner {
  return {
    pid: process.pid,
    started: startOf(process.pid) ?? String(Math.round(performance.timeOrigin)),
    boot: (textOf("/proc/sys/kernel/random/boot_id") ?? "").replaceAll("-", "").slice(0, 12).trim(),
    host: hostname().replace(/[^A-Za-z0-9.-]/g, "_"),
  };
}

/** Whether a process is running. A process of another machine counts as running, since it cannot be checked. */
export function livesNow(other: Owner, self: Owner): boolean {
  if (other.boot !== self.boot || (self.boot === "" && other.host !== self.host)) return other.host !== self.host;
  if (other.pid === self.pid) return other.started === self.started;
  const started = startOf(other.pid);
  if (started !== undefined) return started === other.started;
  try {
    process.kill(other.pid, 0);
    return self.boot === ""; // where /proc exists, it lists every running process
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"; // a process of another user, which /proc may hide
  }
}

/** Writes the claim; returns false if this process has one already. */
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

/** Without `recursive`: on a read-only disk, it reports a missing folder, as if the last holder had removed it. */
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

/** Returns when a process was started, in ticks since the start of the machine; undefined if it has ended. */
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
