import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { dedupe, flow, fromIterable, type InputDraft } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { folderWith, jpeg, openIn, tempFolder } from "../helpers/files.js";
import { through } from "../helpers/transforms.js";

const temp = tempFolder();
const photo = await jpeg();
const other = await jpeg(33);
const files = folderWith(temp, { "a.jpg": photo, "b.jpg": photo, "c.jpg": other });
const file = (name: string): InputDraft => ({ id: name[0] ?? "", image: { path: join(files, name) } });
const keptOf = async (by: Parameters<typeof dedupe>[0], inputs: readonly InputDraft[]) =>
  (await through(dedupe(by), inputs)).made.map((input) => input.id);

testTransform("dedupe", async () => ({ transform: dedupe(), inputs: ["a", "b", "c"].map((id) => ({ id, text: id })) }));

describe("dedupe", () => {
  it("passes the first of each content: files, bytes, texts and URLs", async () => {
    const inputs: InputDraft[] = [
      file("a.jpg"),
      file("b.jpg"),
      file("c.jpg"),
      { id: "bytes", image: { bytes: photo } },
      { id: "text", text: "calm" },
      { id: "text2", text: "calm" },
      { id: "text3", text: "Calm" },
      { id: "url", image: { url: "https://a.test/x.jpg" } },
      { id: "url2", image: { url: "https://a.test/x.jpg" } },
      { id: "url3", textUrl: "https://a.test/x.jpg" },
    ];
    const { made, report } = await through(dedupe(), inputs);
    expect(made.map((input) => input.id)).toEqual(["a", "c", "text", "text3", "url", "url3"]);
    expect(report.counts).toMatchObject({ read: 10, ok: 6, skipped: 4 });
    expect(report.skipped).toMatchObject([{ reason: "dropped by dedupe", count: 4 }]);
  });

  it("distinguishes contents that only look alike", async () => {
    const url = "https://a.test/x.jpg";
    const inputs: InputDraft[] = [
      { id: "a", text: url },
      { id: "b", text: `${url}\n` },
      { id: "c", image: { url } },
      { id: "d", textUrl: url },
      { id: "e", text: `\n${url}` },
      { id: "f", image: { url }, text: "x" },
      { id: "g", image: { url: `${url}\nx` } },
      { id: "h", text: "" },
      { id: "i", text: "\n" },
    ];
    expect(await keptOf("content", inputs)).toEqual(inputs.map((input) => input.id));
  });

  it("passes the first of each id, or of each key of a function", async () => {
    const inputs = ["a", "b", "a", "c", "b"].map((id, n) => ({ id, text: `${n % 3}` }));
    expect(await keptOf("id", inputs)).toEqual(["a", "b", "c"]);
    expect(await keptOf((input) => input.text ?? "", inputs)).toEqual(["a", "b", "a"]);
  });

  it("starts without remembered contents in each run", async () => {
    const once = flow(fromIterable(["a", "b", "a"].map((id) => ({ id, text: id })))).pipe(dedupe());
    expect(await once.toArray()).toHaveLength(2);
    expect(await once.toArray()).toHaveLength(2);
  });

  it("fails an unreadable file alone, and does not remember it", async () => {
    const folder = folderWith(temp, { "gone.jpg": photo });
    const gone: InputDraft = { id: "gone", image: { path: join(folder, "gone.jpg"), sizeBytes: photo.length } };
    rmSync(join(folder, "gone.jpg"));
    const { made, report } = await through(dedupe(), [gone, gone, file("a.jpg")]);
    expect(made.map((input) => input.id)).toEqual(["a"]);
    expect(report.counts).toMatchObject({ failed: 2, ok: 1, skipped: 0 });
  });

  it("fails only the input on which the function throws", async () => {
    const { report } = await through(
      dedupe((input) => {
        if (input.id === "b") throw new Error("no key");
        return input.id;
      }),
      ["a", "b", "c"].map((id) => ({ id, text: id })),
    );
    expect(report.counts).toMatchObject({ ok: 2, failed: 1 });
  });

  it("closes the files it read", async () => {
    await through(dedupe(), [file("a.jpg"), file("b.jpg")]);
    await vi.waitFor(() => expect(openIn(temp)).toEqual([]), { timeout: 20_000 });
  });

  it("refuses an invalid argument at once, by name", () => {
    expect(() => dedupe("name" as "id")).toThrow(/dedupe: by must be "content", "id" or a function, not "name"/);
  });
});
