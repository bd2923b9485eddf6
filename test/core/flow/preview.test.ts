import { join } from "node:path";
import { inspect } from "node:util";
import { take } from "rxjs";
import { describe, expect, it, vi } from "vitest";
import {
  annotate,
  batch,
  boundingBox,
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
  it("returns the HTML that a notebook shows, and one page for a list of inputs", async () => {
    const source = flow(texts(3));
    const [report, plan, inputs] = await Promise.all([source.run(), source.plan(), source.toArray()]);
    for (const value of [report, plan, inputs[0] as Input])
      expect(await htmlOf(value)).toBe((await shownOf(value))["text/html"]);
    expect(await htmlOf(inputs)).toMatch(/^<iframe sandbox="".*text 0.*text 2/s);
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

describeInBrowser("in a notebook that shows HTML", () => {
  it("inputs are cards with their annotations, and a report is its page, in frames without scripts", async () => {
    const drawn = flow(folder(harbour)).pipe(
      annotate(() => boundingBox([0.2, 0.2, 0.6, 0.6], '"><script>top.pwned = 1</script>')),
    );
    const [preview, report] = [await drawn.preview(), await drawn.run()];
    const { page, errors } = await openPage();
    for (const [value, selector, count] of [
      [preview, ".card svg rect", 3],
      [preview.inputs[0], ".card svg rect", 1],
      [report, ".totals li", 4],
    ] as const) {
      await page.setContent((await shownOf(value))["text/html"] ?? "");
      const inside = page.frameLocator("iframe").locator(selector);
      await vi.waitFor(async () => expect(await inside.count()).toBe(count), { timeout: 20_000 });
    }
    expect(await page.evaluate("window.pwned")).toBeUndefined();
    expect(errors).toEqual([]);
  });
});
