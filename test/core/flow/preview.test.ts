import { join } from "node:path";
import { inspect } from "node:util";
import { take } from "rxjs";
import sharp from "sharp";
import { describe, expect, it, vi } from "vitest";
import {
  annotate,
  batch,
  boundingBox,
  filterInputs,
  flow,
  folder,
  fromIterable,
  htmlOf,
  type Input,
  transform,
  upload,
} from "../../../src/index.js";
import { describeInBrowser, openPage } from "../../helpers/browser.js";
import { texts } from "../../helpers/flows.js";
import { openStore } from "../../helpers/store.js";

const harbour = join(import.meta.dirname, "../../../examples/data/harbour");

const white = { width: 40, height: 20, channels: 3, background: "#fff" } as const;
const whiteMask = (await sharp({ create: white }).png().toBuffer()).toString("base64");

/** The formats of a value that a notebook displays. */
async function shownOf(value: unknown): Promise<Record<string, string>> {
  const display = (value as Record<symbol, (() => Promise<Record<string, string>>) | undefined>)[
    Symbol.for("Jupyter.display")
  ];
  return (await display?.call(value)) ?? {};
}

describe("a preview", () => {
  it("returns the first inputs of the flow, reads few more, and sends nothing", async () => {
    const { app, store } = await openStore();
    const source = texts(10_000);
    const preview = await flow(source)
      .pipe(batch({ maxItems: 20 }), upload(app))
      .preview(3);
    expect([...preview].map(({ id }) => id)).toEqual(["t0", "t1", "t2"]);
    expect(source.handedOut()).toBeLessThan(200);
    expect(source.closed()).toBe(true);
    expect(app.transport.counts.requests).toBe(0);
    expect(store.stored()).toEqual([]);
  });

  it("ends where the flow ends, and lists the failures before that", async () => {
    const failing = transform((input) => {
      if (input.id === "t1") throw new Error("no mood");
      return input;
    });
    const preview = await flow(texts(3)).pipe(failing).preview();
    expect(preview.inputs).toHaveLength(2);
    expect(preview.failures).toMatchObject([{ origin: "texts:2", reason: "no mood" }]);
    expect(inspect(preview)).toBe(
      "t0  text\n  text        text 0 (6 characters)\nt2  text\n  text        text 2 (6 characters)\n  failed   texts:2: no mood [transform, ERR_UNEXPECTED]",
    );
    await expect(flow(texts(1)).preview(0)).rejects.toMatchObject({ code: "ERR_OPTIONS" });
    await expect(flow(folder("/nowhere/at-all")).preview()).rejects.toMatchObject({ code: "ERR_FOLDER_UNREADABLE" });
  });
});

describe("htmlOf", () => {
  it("returns the HTML that a notebook shows, and one table for a list of inputs", async () => {
    const source = flow(texts(3));
    const [report, plan, inputs] = await Promise.all([source.run(), source.plan(), source.toArray()]);
    for (const value of [report, plan, inputs[0] as Input])
      expect(await htmlOf(value)).toBe((await shownOf(value))["text/html"]);
    expect(await htmlOf(inputs)).toMatch(/^<table>.*text 0.*text 2.*<\/table>$/s);
  });

  it.each([[{ id: "a" }], [[{ id: "a" }]], [7]])("refuses %j, which is not a value of Sluice", async (value) => {
    await expect(htmlOf(value as object)).rejects.toMatchObject({ code: "ERR_OPTIONS" });
  });
});

describe("an input that is printed", () => {
  it("fits a few lines, whatever it contains, and is safe for a terminal", async () => {
    const large = "x\u001b[31m\n\u202e".repeat(100_000);
    const drawings = Array.from({ length: 500 }, (_, n) => boundingBox([0, 0, 1, 1], `c${n}`));
    const [input] = await flow(
      fromIterable([{ id: "a", text: large, image: { bytes: new Uint8Array(30_000) }, metadata: { large } }]),
    )
      .pipe(
        annotate(() => drawings),
        take(1),
      )
      .toArray();
    const text = inspect([input]);
    expect(text).toContain("a  image  30.0 kB in memory");
    expect(text).toContain("and 488 more");
    expect(text.split("\n").length).toBeLessThan(10);
    expect(text.length).toBeLessThan(3000);
    expect(text).not.toMatch(/[\u001b\u202e]/);
    const { text: same, ...rest } = input as Input;
    expect(same).toBe(large); // it is all there
    expect(JSON.parse(JSON.stringify(rest))).toMatchObject({ id: "a" });
  });

  it("is named with its origin while it is in flight", async () => {
    const printed: string[] = [];
    await flow(folder(harbour, { include: "quay.jpg" })).run();
    await new Promise<void>((complete) => {
      flow(folder(harbour, { include: "quay.jpg" })).subscribe({
        next: (message) => printed.push(inspect(message)),
        complete,
      });
    });
    expect(printed).toHaveLength(1);
    expect(printed[0]).toMatch(
      /^Message of \S+quay\.jpg: harbour-quay-jpg-\w+ {2}image {2}\S+quay\.jpg, \d.* kB, image\/jpeg, \d+ × \d+\n/,
    );
  });
});

describe("in a notebook", () => {
  it("reports and plans print as their summaries, and their data stay complete", async () => {
    const report = await flow(texts(2)).run();
    expect(inspect(report)).toBe(report.summary());
    expect(Object.getOwnPropertySymbols({ ...report })).toEqual([]);
    const plan = await flow(texts(2)).plan();
    expect(await shownOf(plan)).toEqual({
      "text/plain": plan.summary(),
      "text/html": expect.stringMatching(/^<pre>plan: read 2 = ok 2 /) as string,
    });
  });
});

describe("the HTML of a notebook", () => {
  const triangle: [number, number][] = [
    [0.1, 0.1],
    [0.8, 0.1],
    [0.1, 0.8],
  ];
  it.each([
    ["box", { box: [0.2, 0.2, 0.6, 0.6] as [number, number, number, number] }],
    ["polygon", { polygon: triangle }],
    ["point", { point: [0.5, 0.5] as [number, number] }],
    ["mask", { mask: { base64: whiteMask } }],
  ])("has a %s in the picture of a card, and its name below it", async (name, region) => {
    const box = annotate(() => ({ ...region, concepts: [{ id: "boat" }] }));
    const [plain, drawn] = await Promise.all([
      flow(folder(harbour, { include: "quay.jpg" })).preview(1),
      flow(folder(harbour, { include: "quay.jpg" }))
        .pipe(box)
        .preview(1),
    ]);
    const [before, after] = [await shownOf(plain), await shownOf(drawn)].map((shown) => shown["text/html"] ?? "");
    expect(after).toContain("<b><bdi>harbour-<wbr>quay-<wbr>");
    expect(after).toContain(`<small>${name} boat</small>`);
    expect(await differenceOf(before ?? "", after ?? "")).toBeGreaterThan(20);
  });

  it("names the counts of a run, its target, and the reasons with examples", async () => {
    const failing = transform((input) => {
      if (input.id === "t1") throw new Error("no <mood>");
      return input;
    });
    const { app } = await openStore();
    const report = await flow(texts(30))
      .pipe(
        failing,
        filterInputs(({ id }) => id !== "t2"),
        batch(),
        upload(app),
      )
      .run();
    const html = (await shownOf(report))["text/html"] ?? "";
    expect(html).toMatch(/>read<.*>ok<.*>failed<.*>skipped<.*>30<.*>28<.*>1<.*>1</s);
    expect(html).toContain("upload to me/main at http://127.0.0.1:");
    expect(html).toMatch(
      />failed<.*<code>ERR_UNEXPECTED<\/code> \(transform\).*<bdi>texts:2<wbr><\/bdi>: no &lt;mood&gt;/s,
    );
    expect(html).toMatch(/>skipped<.*>dropped by filterInputs<.*<bdi>texts:3/s);
    expect(html.match(/<b><bdi>/g)).toHaveLength(12); // a sample of the inputs
  });
});

/** Counts the pixels that differ clearly between the first pictures of two cards. */
async function differenceOf(one: string, other: string): Promise<number> {
  const [first, second] = await Promise.all(
    [one, other].map((html) => {
      const data = /src="data:image\/webp;base64,([^"]+)"/.exec(html)?.[1] ?? "";
      return sharp(Buffer.from(data, "base64")).greyscale().raw().toBuffer();
    }),
  );
  expect(first?.length).toBe(second?.length);
  return [...(first ?? [])].filter((value, at) => Math.abs(value - (second?.[at] ?? value)) > 25).length;
}

describeInBrowser("in a notebook that shows HTML", () => {
  it("inputs and reports are tables and pictures, and what comes from inputs stays text", async () => {
    const drawn = flow(folder(harbour)).pipe(
      annotate(() =>
        boundingBox([0.2, 0.2, 0.6, 0.6], '"><script>top.pwned = 1</script><img src=x onerror="top.pwned=1">'),
      ),
    );
    const [preview, report] = [await drawn.preview(), await drawn.run()];
    const { page, errors } = await openPage();
    for (const [value, pictures] of [
      [preview, 3],
      [preview.inputs[0], 1],
      [report, 3],
    ] as const) {
      await page.setContent((await shownOf(value))["text/html"] ?? "");
      const shown = page.locator('td img[src^="data:image/webp"]');
      await vi.waitFor(async () => expect(await shown.count()).toBe(pictures), { timeout: 20_000 });
      const widths = await shown.evaluateAll((images) =>
        images.map((image) => (image as { naturalWidth?: number }).naturalWidth),
      );
      expect(widths).toEqual(Array.from({ length: pictures }, () => 160));
      // Code hosts and front ends remove these.
      expect(await page.locator("body :is(script, style, iframe, svg, object, link, a)").count()).toBe(0);
      expect(await page.locator("body img").count()).toBe(pictures);
    }
    expect(await page.evaluate("window.pwned")).toBeUndefined();
    expect(errors).toEqual([]);
  });
});
