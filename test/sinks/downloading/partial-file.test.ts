import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { PartialFile } from "../../../src/clarifai/download/partial-file.js";
import { SmallWriter } from "../../../src/clarifai/download/small-writer.js";
import { temporaryFolder } from "../../helpers/store.js";

const piece = Buffer.alloc(512 * 1024, 7);

function fileIn(folder: string): PartialFile {
  return new PartialFile({ pathOf: () => join(folder, "part"), small: new SmallWriter() });
}

function replaceFile(path: string): void {
  rmSync(path);
  writeFileSync(path, Buffer.alloc(2 * piece.length));
}

describe("a partial file", () => {
  it("accepts a chunk while another is written, and then asks for a pause", async () => {
    const folder = temporaryFolder();
    const file = fileIn(folder);
    expect(file.take(piece)).toBeUndefined();
    const pause = file.take(piece);
    expect(pause).toBeInstanceOf(Promise);
    await pause;
    expect(readFileSync(join(folder, "part")).length).toBeGreaterThanOrEqual(piece.length);
    await file.sha256();
    await file.place(join(folder, "whole"));
    expect(readFileSync(join(folder, "whole")).length).toBe(2 * piece.length);
    expect(await file.keep()).toBe(false);
  });

  it.each<[string, (path: string) => void]>([
    ["grew", (path) => appendFileSync(path, "more")],
    ["was cut", (path) => truncateSync(path, 5)],
    ["was replaced", replaceFile],
    ["is gone", (path) => rmSync(path)],
  ])("is not renamed when the file on disk %s meanwhile", async (_, change) => {
    const folder = temporaryFolder();
    const file = fileIn(folder);
    for (const bytes of [piece, piece]) await file.take(bytes);
    await file.sha256();
    change(join(folder, "part"));
    await expect(file.place(join(folder, "whole"))).rejects.toMatchObject({ code: "ERR_FILE_CHANGED" });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("writes chunks that are only in memory when it closes", async () => {
    const folder = temporaryFolder();
    const file = fileIn(folder);
    await file.take(Buffer.from("calm "));
    await file.take(Buffer.from("sea"));
    expect(await file.keep()).toBe(true);
    const later = fileIn(folder);
    await later.resume(undefined);
    expect(later.sizeBytes).toBe(8);
    expect(later.head.toString()).toBe("calm sea");
  });
});

describe("writing small files", () => {
  it("continues in the background on a slow disk", async () => {
    const folder = temporaryFolder();
    const writer = new SmallWriter();
    let now = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (now += 6));
    onTestFinished(() => clock.mockRestore());
    const inBackground: boolean[] = [];
    for (let n = 0; n < 12; n += 1) {
      const path = join(folder, `f${n}`);
      const writing = writer.write(`${path}.part`, path, Buffer.from(`file ${n}`));
      inBackground.push(!readable(path));
      await writing;
      expect(readFileSync(path, "utf8")).toBe(`file ${n}`);
    }
    expect(inBackground).toEqual([...Array(8).fill(false), ...Array(4).fill(true)]);
  });
});

function readable(path: string): boolean {
  try {
    return readFileSync(path).length > 0;
  } catch {
    return false;
  }
}
