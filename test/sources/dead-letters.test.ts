import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { deadLetters, flow, fromIterable, type InputDraft } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { openIn } from "../helpers/files.js";
import { sinkOf } from "../helpers/flows.js";
import { propertyRuns } from "../helpers/long.js";
import { pull } from "../helpers/sources.js";
import { temporaryFolder } from "../helpers/store.js";

/** Writes the dead letters of inputs. */
async function lettersOf(
  inputs: readonly InputDraft[],
  path = join(temporaryFolder(), "failed.jsonl"),
): Promise<string> {
  const failing = sinkOf((_, messages) => {
    for (const message of messages) message.fail(new Error("no"), "testSink");
  });
  await flow(fromIterable(inputs)).pipe(failing).run({ deadLetters: path });
  return path;
}

testSource("deadLetters", async () => ({
  source: deadLetters(await lettersOf(["a", "b", "c"].map((id) => ({ id, text: `text ${id}` })))),
  ids: ["a", "b", "c"],
}));

describe("the inputs of a dead-letter file", () => {
  it("are restored with all their fields", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sluice-test-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const bytes = fc
      .uint8Array({ minLength: 1, maxLength: 50 })
      .map((data) => ({ bytes: new Uint8Array(data), mimeType: "image/png" }));
    const draft = fc.record(
      {
        id: fc.string({ unit: "grapheme", minLength: 1 }),
        text: fc.string({ unit: "binary" }),
        image: bytes,
        metadata: fc.dictionary(
          fc.string().filter((key) => key !== "__proto__"),
          fc.jsonValue(),
        ) as fc.Arbitrary<NonNullable<InputDraft["metadata"]>>,
        concepts: fc.array(fc.string({ minLength: 1 })),
        geo: fc.record({ longitude: fc.integer({ min: -180, max: 180 }), latitude: fc.integer({ min: -90, max: 90 }) }),
      },
      { requiredKeys: ["id"] },
    );
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(draft, { selector: ({ id }) => id, maxLength: 8 }), async (drafts) => {
        const path = await lettersOf(drafts, join(folder, `${(runs += 1)}.jsonl`));
        const before = await flow(fromIterable(drafts)).toArray();
        expect(await flow(deadLetters(path)).toArray()).toEqual(withoutNegativeZero(before));
      }),
      propertyRuns(25),
    );
  });

  it("are read as the flow requests them, and the file is closed on an early stop", async () => {
    const path = await lettersOf(Array.from({ length: 5000 }, (_, n) => ({ id: `n${n}`, text: "x".repeat(200) })));
    const iterator = pull(deadLetters(path));
    await iterator.next();
    expect(openIn(path)).toHaveLength(1);
    await iterator.return?.();
    await vi.waitFor(() => expect(openIn(path)).toEqual([]), { timeout: 20_000 });
  });

  it("reject the run when the file is a folder", async () => {
    const path = temporaryFolder();
    appendFileSync(join(path, "x"), "x");
    await expect(flow(deadLetters(path)).run()).rejects.toMatchObject({ code: "ERR_FILE_UNREADABLE" });
  });
});

/** JSON knows no negative zero. */
function withoutNegativeZero<T>(value: T): T {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array)
    ? ((Array.isArray(value)
        ? value.map(withoutNegativeZero)
        : Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, withoutNegativeZero(entry)]))) as T)
    : ((value === 0 ? 0 : value) as T);
}

describe("a run that is killed while it opens the file leaves zeros, which", () => {
  it("are removed by the next run, in a new file and after the lines of an earlier run", async () => {
    const path = join(temporaryFolder(), "failed.jsonl");
    for (const id of ["a", "b"]) {
      appendFileSync(path, Buffer.alloc(4096));
      await lettersOf([{ id, text: "x" }], path);
    }
    expect(readFileSync(path).includes(0)).toBe(false);
    expect((await flow(deadLetters(path)).toArray()).map(({ id }) => id)).toEqual(["a", "b"]);
  });

  it("are not dead letters", async () => {
    const path = await lettersOf([{ id: "a", text: "x" }]);
    appendFileSync(path, Buffer.alloc(4096));
    const { counts } = await flow(deadLetters(path)).run();
    expect(counts).toMatchObject({ read: 1, ok: 1 });
    const empty = join(temporaryFolder(), "failed.jsonl");
    appendFileSync(empty, Buffer.alloc(4096));
    expect((await flow(deadLetters(empty)).run()).counts.read).toBe(0);
  });

  it("do not change a file of another kind, which is refused", async () => {
    const path = join(temporaryFolder(), "disk.img");
    appendFileSync(path, Buffer.alloc(5000));
    await expect(lettersOf([{ id: "a", text: "x" }], path)).rejects.toMatchObject({ code: "ERR_DEAD_LETTERS_FORMAT" });
    expect(readFileSync(path)).toHaveLength(5000);
  });
});
