import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { flow, fromIterable, writeJsonl } from "../../src/index.js";
import { testSink } from "../../src/testing/index.js";
import { temporaryFolder } from "../helpers/store.js";

const inputs = ["a", "b", "c"].map((id) => ({ id, text: id }));
const write = (path: string, append = false) => flow(fromIterable(inputs)).pipe(writeJsonl(path, { append })).run();

async function idsIn(path: string): Promise<string[]> {
  const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
  return lines.map((line) => (JSON.parse(line) as { id: string }).id);
}

testSink("writeJsonl", async () => {
  const path = join(temporaryFolder(), "new/out.jsonl");
  return { sink: writeJsonl(path), inputs, written: () => idsIn(path) };
});

describe("writeJsonl", () => {
  it("appends to an existing file with append: true, and otherwise does not change it", async () => {
    const path = join(temporaryFolder(), "out.jsonl");
    await write(path);
    await expect(write(path)).rejects.toMatchObject({ name: "SinkError", code: "ERR_FILE_EXISTS" });
    expect(await idsIn(path)).toEqual(["a", "b", "c"]);
    await write(path, true);
    expect(await idsIn(path)).toEqual(["a", "b", "c", "a", "b", "c"]);
  });

  it("ends the run with the file's name when the file cannot be written", async () => {
    const file = join(temporaryFolder(), "file");
    await writeFile(file, "");
    const failed = { name: "SinkError", code: "ERR_FILE_UNWRITABLE" };
    const below = `${file}/out.jsonl`;
    await expect(write(below)).rejects.toMatchObject({ ...failed, message: expect.stringContaining(below) as string });
    const full = expect.stringMatching(/\/dev\/full cannot be written: ENOSPC/) as string;
    await expect(write("/dev/full", true)).rejects.toMatchObject({ ...failed, message: full });
  });
});
