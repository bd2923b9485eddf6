import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { AppendFile, type AppendTarget } from "../../../src/core/journal/append-file.js";
import { turns } from "../../helpers/flows.js";
import { temporaryFolder } from "../../helpers/store.js";

interface Disk extends AppendTarget {
  /** The written content, and the part of it that is on disk. */
  written: string;
  syncs: string[];
}

/** A file in memory; `fails` may throw before a call, and one call writes at most `most` bytes. */
function memoryDisk(options: { most?: number; fails?: (call: string, disk: Disk) => void } = {}): Disk {
  const disk = {
    written: "",
    syncs: [] as string[],
    async write(bytes: Buffer, at: number, length: number) {
      options.fails?.("write", disk as Disk);
      const part = bytes.subarray(at, at + Math.min(length, options.most ?? length));
      disk.written += part.toString();
      return { bytesWritten: part.length, buffer: bytes };
    },
    async datasync() {
      await turns(2);
      options.fails?.("datasync", disk as Disk);
      disk.syncs.push(disk.written);
    },
    async truncate(size: number) {
      disk.written = disk.written.slice(0, size);
    },
    async close() {},
  };
  return disk as unknown as Disk;
}

describe("appending", () => {
  it("acknowledges a line after its sync, and shares a sync among many lines", async () => {
    const disk = memoryDisk();
    const file = new AppendFile(disk, 0);
    const early: string[] = [];
    for (let n = 0; n < 1000; n += 1) {
      const line = `line ${n}\n`;
      file.append(line, () => {
        if (!disk.syncs.some((synced) => synced.includes(line))) early.push(line);
      });
      if (n === 500) await turns(1);
    }
    await file.close();
    expect(early).toEqual([]);
    expect(disk.written).toBe(Array.from({ length: 1000 }, (_, n) => `line ${n}\n`).join(""));
    expect(disk.syncs.length).toBeLessThanOrEqual(3);
  });

  it("continues after a partial write", async () => {
    const disk = memoryDisk({ most: 3 });
    const file = new AppendFile(disk, 0);
    let durable = 0;
    for (const line of ["first\n", "second\n"]) file.append(line, () => void (durable += 1));
    await file.close();
    expect(disk.written).toBe("first\nsecond\n");
    expect(durable).toBe(2);
  });

  it.each([
    ["ENOSPC", "write"],
    ["EIO", "datasync"],
  ])("acknowledges nothing after %s, removes the truncated line, and reports the error once", async (code, failing) => {
    let healthy = true;
    const disk = memoryDisk({
      most: 4,
      fails: (call, { written }) => {
        // The disk is full in the middle of a line.
        if (!healthy && call === failing && (call === "datasync" || written.endsWith("seco"))) {
          throw Object.assign(new Error(code), { code });
        }
      },
    });
    const file = new AppendFile(disk, 0);
    const failures: unknown[] = [];
    file.onFailure = (error) => failures.push(error);
    const durable: string[] = [];
    file.append("first\n", () => durable.push("first"));
    await turns(10);
    healthy = false;
    file.append("second\n", () => durable.push("second"));
    await turns(1);
    file.append("third\n", () => durable.push("third"));
    await turns(10);
    file.append("fourth\n", () => durable.push("fourth"));
    await expect(file.close()).rejects.toThrow(code);
    expect(durable).toEqual(["first"]);
    expect(failures).toHaveLength(1);
    expect(disk.written).toBe("first\n");
  });

  it("truncates a file to its last complete line when it opens it", async () => {
    const path = join(temporaryFolder(), "lines");
    writeFileSync(path, "whole\ntor");
    const file = await AppendFile.open(path, 6);
    file.append("next\n", () => undefined);
    await file.close();
    expect(readFileSync(path, "utf8")).toBe("whole\nnext\n");
  });
});
