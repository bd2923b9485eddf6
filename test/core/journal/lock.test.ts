import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { LockedError, livesNow, takeLock, thisProcess } from "../../../src/core/files/file-lock.js";
import { temporaryFolder } from "../../helpers/store.js";

const self = thisProcess();

/** Leaves the claim of a process. */
function claimOf(path: string, { pid = self.pid, started = self.started, boot = self.boot, host = self.host }): void {
  mkdirSync(`${path}.lock`, { recursive: true });
  writeFileSync(join(`${path}.lock`, `${pid}-${started}-${boot}-${host}`), "");
}

describe("a lock", () => {
  it("is held once, and leaves no file behind", async () => {
    const path = join(temporaryFolder(), "file");
    const release = await takeLock(path);
    await expect(takeLock(path)).rejects.toThrow(`held by process ${process.pid}`);
    await release();
    expect(existsSync(`${path}.lock`)).toBe(false);
    await (await takeLock(path))();
  });

  it("is refused while another running process holds it, and taken over from a killed process", async () => {
    const path = join(temporaryFolder(), "file");
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(child, "spawn");
    // The claim of another process. The lock looks up the start of that process to judge the claim.
    const other = { ...self, pid: child.pid as number };
    const lives = (owner: { pid: number }) => owner.pid === other.pid && child.exitCode === null && !child.killed;
    claimOf(path, other);
    await expect(takeLock(path, self, lives)).rejects.toThrow(LockedError);
    child.kill("SIGKILL");
    await once(child, "exit");
    const release = await takeLock(path);
    expect(readdirSync(`${path}.lock`)).toEqual([`${self.pid}-${self.started}-${self.boot}-${self.host}`]);
    await release();
  });

  it("is held by at most one process when many ask at once, and by one in the end", async () => {
    for (let round = 0; round < 5; round += 1) {
      const path = join(temporaryFolder(), "file");
      claimOf(path, { pid: 1, started: "0" }); // a dead one's, which all remove
      const lives = (owner: { started: string }) => owner.started !== "0";
      let holding = 0;
      let most = 0;
      const results = await Promise.allSettled(
        Array.from({ length: 6 }, async (_, n) => {
          const release = await takeLock(path, { ...self, pid: 100 + n, started: "7" }, lives);
          holding += 1;
          most = Math.max(most, holding);
          await new Promise((resolve) => setImmediate(resolve));
          holding -= 1;
          await release();
        }),
      );
      expect(most).toBe(1);
      expect(results.some((result) => result.status === "fulfilled")).toBe(true);
      for (const result of results) {
        if (result.status === "rejected") expect(result.reason).toBeInstanceOf(LockedError);
      }
    }
  });

  it("distinguishes a process from one with its number that ran earlier, before a restart, or on another machine", () => {
    const linux = { pid: self.pid, started: self.started, boot: "aa", host: "here" };
    const onLinux = (other: object) => livesNow({ ...linux, ...other }, linux);
    expect(onLinux({})).toBe(true);
    expect(onLinux({ started: "1" })).toBe(false);
    expect(onLinux({ boot: "bb" })).toBe(false);
    expect(onLinux({ boot: "bb", host: "there" })).toBe(true);
    expect(onLinux({ pid: 2 ** 22 + 1 })).toBe(false);

    const without = { ...linux, boot: "", started: "12" };
    const elsewhere = (other: object) => livesNow({ ...without, ...other }, without);
    expect(elsewhere({ started: "11" })).toBe(false);
    expect(elsewhere({ host: "there" })).toBe(true);
    expect(elsewhere({ pid: 2 ** 22 + 1 })).toBe(false);
  });
});
