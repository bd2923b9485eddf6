/** The page of a report, in a browser. */

import { existsSync, readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import sharp from "sharp";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { RunContext } from "../../src/core/accounting/run-context.js";
import { pageOf as makePage } from "../../src/core/report/page/page.js";
import { Sample } from "../../src/core/report/sample.js";
import { ThroughputLog } from "../../src/core/report/throughput.js";
import {
  addConcepts,
  annotate,
  boundingBox,
  flow,
  folder,
  fromIterable,
  type Input,
  polygon,
  type Report,
  transform,
} from "../../src/index.js";
import { describeInBrowser, openPage } from "../helpers/browser.js";
import { texts } from "../helpers/flows.js";
import { temporaryFolder } from "../helpers/store.js";

const data = join(import.meta.dirname, "../../examples/data");
const hostile = `"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\u202e`;

/** Writes the page of a report, and opens it. */
async function pageOf(report: Report, options: Parameters<typeof openPage>[0] = {}) {
  const path = join(temporaryFolder(), "report.html");
  await report.writeHtml(path);
  const opened = await openPage({ viewport: { width: 1000, height: 800 }, ...options });
  await opened.page.goto(pathToFileURL(path).href);
  return { ...opened, text: await opened.page.evaluate<string>("document.body.innerText") };
}

describeInBrowser("the page of a report", () => {
  let mixed: Report;

  beforeAll(async () => {
    const failing = transform((input) => {
      if (input.metadata.filename === "quay.jpg") throw new Error(`no mood: ${hostile}`);
      return { ...input, geo: { longitude: 4 + (input.id.length % 5), latitude: 51.5 } };
    });
    mixed = await flow([folder(data, { exclude: ["*.ts"] }), fromIterable([{ id: hostile, text: hostile }])])
      .pipe(
        annotate((input) =>
          input.image
            ? [
                boundingBox([0.25, 0.5, 0.75, 1], `boat ${hostile}`),
                polygon(
                  [
                    [0, 0],
                    [0.5, 0],
                    [0, 0.5],
                  ],
                  "pier",
                ),
              ]
            : [],
        ),
        addConcepts(hostile),
        failing,
        transform((input) => (input.text === hostile ? undefined : input)),
      )
      .run();
  });

  it("shows totals, failures with their reasons, locations, and a sample with its annotations", async () => {
    const { page, text, errors, refused } = await pageOf(mixed);
    const { read, ok } = mixed.counts;
    expect(text).toMatch(
      new RegExp(`Of ${read} inputs, 1 failed[\\s\\S]*${read}\\s+read\\s+${ok}\\s+ok\\s+1\\s+failed`),
    );
    expect(text).toMatch(/1 × ERR_UNEXPECTED in transform[\s\S]*What to do:[\s\S]*quay\.jpg no mood/);
    expect(text).toContain("× excluded");
    expect(await page.locator(".map circle:not(.city)").count()).toBe(ok + 1); // a dropped input has its location too
    const images = page.locator(".card:not(:has(.failed)) svg:has(image)");
    expect(await images.count()).toBe(7);
    expect(await page.locator(".card .failed").textContent()).toContain("failed: no mood");
    const drawn = await images.first().evaluate((svg) => {
      const image = svg.querySelector("image")?.getBoundingClientRect();
      const rect = svg.querySelector("rect")?.getBoundingClientRect();
      if (!image || !rect) return undefined;
      return [rect.left - image.left, rect.top - image.top, rect.width, rect.height].map(
        (length, n) => Math.round((100 * length) / (n % 2 === 0 ? image.width : image.height)) / 100,
      );
    });
    const expected = [0.25, 0.5, 0.5, 0.5];
    expect(drawn?.every((share, n) => Math.abs(share - (expected[n] ?? 0)) < 0.03)).toBe(true);
    expect(await page.locator(".card polygon").count()).toBe(8);
    expect([errors, refused]).toEqual([[], []]);
  });

  it("names the run, and has the counts by kind and class, the land and the names of cities", async () => {
    const { page } = await pageOf(mixed);
    expect(await page.title()).toBe(`Sluice: Run of folder ${data}: Of ${mixed.counts.read} inputs, 1 failed`);
    const rows = await page.locator("tbody tr").allInnerTexts();
    expect(rows.map((row) => row.split(/\s+/).join(" "))).toContain("pier 8 7 8");
    expect(await page.locator(".map .land").count()).toBe(1);
    expect(await page.locator(".map text.city").allTextContents()).toContain("London");
    expect(await page.locator(".map circle:not(.city) title").first().textContent()).toMatch(
      /^51\.5000, \d\.0000: (near|\d+ km from) /,
    );
    const legend = await page.locator(".legend li").allTextContents();
    expect(legend.toSorted()).toEqual([legend.find((name) => name.startsWith("boat")), "pier"]);
  });

  it("shows hostile names, reasons and texts as plain text, and runs nothing", async () => {
    const { page, text, errors } = await pageOf(mixed);
    expect(text).toContain('"><img src=x onerror="window.pwned=1"><script>window.pwned=1</script>\\u202e');
    expect(await page.evaluate("window.pwned")).toBeUndefined();
    expect(await page.locator("script, body img, iframe, object, link, a").count()).toBe(0);
    expect(errors).toEqual([]);
    // Even if an element got into the page, the policy would not let it run or fetch.
    await page.evaluate(
      `document.body.insertAdjacentHTML("beforeend", '<img src=x onerror="window.pwned=1"><p style="color:red">x</p>')`,
    );
    await vi.waitFor(() => expect(errors.join()).toContain("Content Security Policy"), { timeout: 20_000 });
    expect(await page.evaluate("window.pwned")).toBeUndefined();
  });

  it.each([
    ["narrow and light", 320, "light"],
    ["wide and dark", 1400, "dark"],
  ] as const)("fits a window that is %s, and is readable there", async (_, width, colorScheme) => {
    const { page } = await pageOf(mixed, { viewport: { width, height: 700 }, colorScheme });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
    const [paper = "", ink = ""] = await page.evaluate<string[]>(
      "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]",
    );
    const sum = (text: string) =>
      (text.match(/\d+/g) ?? []).slice(0, 3).reduce((total, part) => total + Number(part), 0);
    const lightness = sum(paper) - sum(ink);
    expect(Math.abs(lightness)).toBeGreaterThan(400);
    expect(lightness > 0).toBe(colorScheme === "light");
  });

  it("prints in black on white, also from a dark screen", async () => {
    const { page } = await pageOf(mixed, { colorScheme: "dark" });
    await page.emulateMedia({ media: "print" });
    const colours = "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]";
    expect(await page.evaluate(colours)).toEqual(["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
  });

  it("says when nothing was read, and when all inputs are ok", async () => {
    const empty = await pageOf(await flow(fromIterable([])).run());
    expect(empty.text).toMatch(/^Run of fromIterable\s+Nothing was read/);
    expect(await empty.page.locator("section h2").allTextContents()).toEqual(["The run"]);
    const well = await pageOf(await flow(texts(3)).run());
    expect(well.text).toMatch(/^Run of \S+\s+All inputs are ok or skipped/);
  });
});

describe("writing the page of a report", () => {
  it("draws the throughput of a run if the run was long enough", async () => {
    const run = await flow(texts(6)).run();
    const bars = async (inputs: number[]) => {
      const page = await makePage({ ...run, throughput: { spanMs: 250, inputs } }, new Sample());
      return page.match(/<rect [^>]*><title>[^<]*/g)?.map((bar) => bar.split("<title>")[1]);
    };
    expect(await bars([6])).toBeUndefined();
    expect(await bars([1, 2, 3])).toEqual(["0 ms: 4.0/s, 1 input", "0.3 s: 8.0/s, 2 inputs", "0.5 s: 12/s, 3 inputs"]);
  });

  it("makes thumbnails of files and bytes that exist, and continues without the others", async () => {
    const root = temporaryFolder();
    await cp(join(data, "harbour"), root, { recursive: true });
    const bytes = await sharp({ create: { width: 900, height: 300, channels: 3, background: "#884422" } })
      .png()
      .toBuffer();
    const report = await flow([
      folder(root),
      fromIterable([
        { id: "made", image: { bytes } },
        { id: "elsewhere", image: { url: "https://127.0.0.1:9/x.jpg" } },
        { id: "broken", image: { bytes: Buffer.concat([bytes.subarray(0, 60), Buffer.alloc(9)]) } },
      ]),
    ]).run();
    const { rmSync } = await import("node:fs");
    rmSync(join(root, "quay.jpg"));
    const path = join(root, "report.html");
    await report.writeHtml(path);
    const text = readFileSync(path, "utf8");
    expect(text.match(/data:image\/jpeg;base64/g)).toHaveLength(3);
    expect(text).toContain('width="320" height="107"');
    expect(text).toContain("https://127.0.0.1:9/x.jpg");
    expect(text).toMatch(/quay\.jpg/);
  });

  it("reports why the file cannot be written, and leaves no partial file", async () => {
    const report = await flow(texts(1)).run();
    const path = join(temporaryFolder(), "none/report.html");
    await expect(report.writeHtml(path)).rejects.toMatchObject({ code: "ERR_FILE_UNWRITABLE" });
    expect(existsSync(path)).toBe(false);
  });
});

describe("the data of a report for its page", () => {
  const input = (id: string, more: Partial<Input> = {}): Input => ({
    id,
    text: "x",
    concepts: [],
    metadata: {},
    annotations: [],
    datasets: [],
    ...more,
  });

  it("have a sample in which each input has the same chance", () => {
    const times: number[] = [];
    for (let run = 0; run < 200; run += 1) {
      const sample = new Sample();
      for (let n = 0; n < 1000; n += 1) sample.offer(input(`t${n}`), "", { state: "ok" });
      expect(sample.inputs).toHaveLength(36);
      for (const { id } of sample.inputs) times.push(Math.floor(Number(id.slice(1)) / 100));
    }
    // 720 are expected in each tenth, with a standard deviation of 26; eight times that is practically impossible.
    for (let tenth = 0; tenth < 10; tenth += 1) {
      expect(Math.abs(times.filter((time) => time === tenth).length - 720)).toBeLessThan(210);
    }
  });

  it("have a limited size, whatever inputs contain", () => {
    const sample = new Sample();
    const corners = Array.from({ length: 10_000 }, () => [0.5, 0.5] as [number, number]);
    const drawings = Array.from({ length: 1000 }, () => ({ polygon: corners, concepts: [{ id: "x".repeat(1e5) }] }));
    for (let n = 0; n < 60; n += 1) {
      const image = { bytes: new Uint8Array(3_000_000) };
      sample.offer(input("i", { image, text: "é".repeat(1e6), annotations: drawings }), "o".repeat(1e6), {
        state: "failed",
        code: "X",
        stage: "s",
        reason: "r".repeat(1e6),
        attempts: 1,
      });
    }
    const bytes = sample.inputs.map(({ content }) => (content && "bytes" in content ? content.bytes.byteLength : 0));
    expect(bytes.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(16_000_000);
    const rest = sample.inputs.map(({ content: _, ...more }) => more);
    expect(JSON.stringify(rest[0]).length).toBeLessThan(1_000_000);
  });

  it("have the throughput in a limited number of spans, which count every input", () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    try {
      const context = new RunContext();
      const log = new ThroughputLog(context);
      for (let second = 0; second < 3600; second += 1) {
        for (let n = 0; n < 3; n += 1) {
          context.accounting.ledger.settled({
            sequence: context.accounting.ledger.read(),
            origin: "",
            outcome: { state: "ok" },
          });
        }
        vi.advanceTimersByTime(1000);
      }
      const { spanMs, inputs } = log.end();
      expect(inputs.length).toBeLessThanOrEqual(120);
      expect(inputs.length).toBeGreaterThan(50);
      expect(inputs.reduce((sum, count) => sum + count)).toBe(10_800);
      expect(spanMs * inputs.length).toBeGreaterThanOrEqual(3_600_000);
      for (const count of inputs.slice(0, -1)) expect(Math.abs(count - (3 * spanMs) / 1000)).toBeLessThanOrEqual(3);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
