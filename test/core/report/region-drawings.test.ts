import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { flow, fromIterable, htmlOf, type InputDraft } from "../../../src/index.js";
import { png } from "../../helpers/bombs.js";
import { jpeg } from "../../helpers/files.js";
import { draftOf } from "../../helpers/small-contents.js";
import { temporaryFolder } from "../../helpers/store.js";

const concepts = [{ id: "boat" }];
const base64 = png(4, 2, 2).toString("base64");

/** The page of a report with one input in its sample. */
async function pageOf(draft: InputDraft): Promise<string> {
  const report = await flow(fromIterable([draft])).run();
  const path = join(temporaryFolder(), "report.html");
  await report.writeHtml(path);
  return await readFile(path, "utf8");
}

describe("a card", () => {
  it("draws boxes, polygons, points and masks on a picture", async () => {
    const bytes = new Uint8Array(await jpeg(400, 200));
    const page = await pageOf({
      image: { bytes },
      annotations: [
        { box: [0.25, 0.5, 0.75, 1], concepts },
        {
          polygon: [
            [0, 0],
            [0.5, 0],
            [0, 0.5],
          ],
          concepts,
        },
        { point: [0.5, 0.25], concepts: [{ id: "buoy" }] },
        { mask: { base64 }, concepts: [{ id: "sea" }] },
      ],
    });
    expect(page).toContain('<rect x="80" y="80" width="160" height="80"><title>boat</title></rect>');
    expect(page).toContain('<polygon points="0.0,0.0 160.0,0.0 0.0,80.0">');
    expect(page).toMatch(/<circle cx="160" cy="40" r="[\d.]+"><title>buoy<\/title><\/circle>/);
    expect(page).toContain(`<image href="data:image/png;base64,${base64}" width="320" height="160"`);
    const [, id] = /<mask id="(mask-\w+)">/.exec(page) ?? [];
    expect(page).toContain(
      `<rect class="masked" width="320" height="160" mask="url(#${id})"><title>sea</title></rect>`,
    );
  });

  it("names a mask that has an address or is large, and draws neither", async () => {
    const large = Buffer.concat([png(4, 2, 2), Buffer.alloc(300_000)]).toString("base64");
    const page = await pageOf({
      image: { bytes: new Uint8Array(await jpeg(40, 20)) },
      annotations: [
        { mask: { url: "https://a.test/mask.png" }, concepts },
        { mask: { base64: large }, concepts: [{ id: "pier" }] },
      ],
    });
    expect(page).toContain("mask boat, mask pier");
    expect(page).not.toContain("<mask");
    expect(page).not.toContain("https://a.test");
  });

  it("names spans, frames and time segments", async () => {
    expect(await pageOf({ text: "calm sea", annotations: [{ span: { start: 5, end: 8 }, concepts }] })).toContain(
      "span 5–8 boat",
    );
    const video = await pageOf({
      ...draftOf("video", 0, ""),
      annotations: [
        { frame: { timeMs: 1500 }, box: [0, 0, 1, 1], concepts },
        { frame: { number: 12 }, concepts: [] },
        { timeSegment: { begin: 1.5, end: 4 }, concepts },
      ],
    });
    expect(video).toContain("frame at 1.5 s box boat, frame 12, 1.5–4 boat");
  });

  it("shows hostile concepts as plain text", async () => {
    const hostile = '"><script>x</script>';
    const input = { id: "a", image: { bytes: new Uint8Array(await jpeg(40, 20)) } };
    const annotations = [
      { point: [0, 0] as [number, number], concepts: [{ id: hostile }] },
      { frame: { timeMs: 1 }, concepts: [{ id: hostile }] },
    ];
    const draft = { ...input, annotations };
    expect(await pageOf(draft)).not.toContain("<script");
    expect(await htmlOf(await flow(fromIterable([draft])).toArray())).not.toContain("<script");
  });
});
