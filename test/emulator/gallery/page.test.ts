/** The gallery's page in a browser. */

import type { Page } from "playwright-core";
import sharp from "sharp";
import { expect, it } from "vitest";
import { describeInBrowser, openPage } from "../../helpers/browser.js";
import { exampleBytes, jpeg } from "../../helpers/files.js";
import { type Http, note, openHttp, picture } from "../../helpers/http.js";

/** Shortens all timers of the page to a tenth. */
const fastTimers = "const later = setTimeout; setTimeout = (work, ms, ...rest) => later(work, ms / 10, ...rest)";

/** Opens the gallery by its link. `gridIds` returns the ids in the grid. */
async function open(http: Http, viewport = { width: 1000, height: 700 }) {
  const opened = await openPage({ viewport });
  await opened.page.addInitScript(fastTimers);
  await opened.page.goto(http.emulator.galleryUrl());
  const gridIds = () => opened.page.locator(".grid .name").allTextContents();
  return { ...opened, gridIds };
}

const soon = { timeout: 15_000 };

async function notes(count: number) {
  const http = await openHttp();
  for (let from = 0; from < count; from += 128) {
    const inputs = Array.from({ length: Math.min(128, count - from) }, (_, n) => note(`n${from + n}`));
    await http.call("POST", "/inputs", { inputs });
  }
  await http.processed(`n${count - 1}`);
  return http;
}

/** Whether the page is wider than the window. */
function isTooWide(page: Page): Promise<boolean> {
  return page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth");
}

describeInBrowser("the gallery's page", () => {
  it("shows inputs that are uploaded while it is open, newest first, starting from an empty store", async () => {
    const http = await openHttp();
    const { page, gridIds, errors, refused } = await open(http);
    await page.getByText("The store is empty.").waitFor();
    await http.add(note("first"));
    await expect.poll(gridIds, soon).toEqual(["first"]);
    await http.add(picture("second", await jpeg()));
    await expect.poll(gridIds, soon).toEqual(["second", "first"]);
    await page.locator(".grid img").waitFor();
    await expect.poll(() => page.evaluate("document.querySelector('.grid img').naturalWidth"), soon).toBe(32);
    await page.getByText("2 inputs").waitFor();
    expect({ errors, refused }).toEqual({ errors: [], refused: [] });
  });

  it("asks for the key if no session is open", async () => {
    const http = await openHttp({ pat: "right" });
    const { page } = await openPage();
    await page.goto(http.emulator.url);
    for (const [key, text] of [
      ["wrong", "The key is wrong."],
      ["right", "The store is empty."],
    ] as const) {
      await page.getByLabel("Key").fill(key);
      await page.keyboard.press("Enter");
      await page.getByText(text).waitFor();
    }
  });

  it("can be used with the keyboard alone", async () => {
    const { page, gridIds } = await open(await notes(40));
    await expect.poll(async () => (await gridIds()).length, soon).toBeGreaterThan(10);
    const active = () => page.locator("[role=option][aria-selected=true] .name").textContent();
    await page.locator(".grid").focus();
    await page.keyboard.press("ArrowRight");
    await expect.poll(active, soon).toBe("n38");
    await page.keyboard.press("End");
    await expect.poll(active, soon).toBe("n0");
    await page.keyboard.press("Home");
    await expect.poll(active, soon).toBe("n39");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").getByRole("heading", { name: "n39" }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("dialog").getByRole("heading", { name: "n38" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await expect.poll(active, soon).toBe("n38");
    await expect.poll(() => page.evaluate("document.activeElement.className"), soon).toBe("grid");
  });

  it("filters, and keeps the session and the filters after a reload", async () => {
    const http = await notes(3);
    await http.add(note("calm", { concepts: [{ id: "sea", name: "Sea" }], metadata: { split: "train" } }));
    const { page, gridIds } = await open(http);
    await page.getByRole("checkbox", { name: "Sea 1" }).check();
    await expect.poll(gridIds, soon).toEqual(["calm"]);
    await expect.poll(() => page.url(), soon).toBe(`${http.emulator.url}/#concept=sea`);
    await page.reload();
    await expect.poll(gridIds, soon).toEqual(["calm"]);
    await page.getByRole("button", { name: "Clear the filters" }).click();
    await expect.poll(gridIds, soon).toHaveLength(4);
    await page.getByLabel("Metadata").selectOption("split");
    await page.getByLabel("is", { exact: true }).fill("train");
    await expect.poll(gridIds, soon).toEqual(["calm"]);
    await page.getByLabel("is", { exact: true }).fill("nothing");
    await page.getByText("No input matches these filters.").waitFor();
  });

  it("draws points and masks, and names frames", async () => {
    const http = await openHttp();
    await http.add(picture("photo", await jpeg(400, 200)));
    const white = await sharp({ create: { width: 4, height: 2, channels: 3, background: "white" } })
      .png()
      .toBuffer();
    const infos = [{ point: { row: 0.25, col: 0.5 } }, { mask: { image: { base64: white.toString("base64") } } }];
    const address = { mask: { image: { url: "https://a.test/m.png" } } };
    const annotations = [...infos, address].map((region_info) => ({
      input_id: "photo",
      data: { regions: [{ region_info, data: { concepts: [{ id: "boat" }] } }] },
    }));
    await http.call("POST", "/annotations", { annotations });
    const { page } = await open(http);
    await page.locator(".tile .shapes circle").waitFor();
    await page.locator(".tile .shapes rect.masked").waitFor({ state: "attached" });
    await page.locator(".tile").click();
    await page.locator(".view circle").waitFor();
    await expect.poll(() => page.evaluate("document.querySelector('.view img').naturalWidth"), soon).toBe(400);
    const { x = 0, width = 0 } = (await page.locator(".view circle").boundingBox()) ?? {};
    const image = await page.locator(".view img").boundingBox();
    expect(Math.abs((x + width / 2 - (image?.x ?? 0)) / (image?.width ?? 1) - 0.5)).toBeLessThan(0.02);
    const href = await page.locator(".view mask image").getAttribute("href");
    expect(href).toMatch(/^blob:/);
    await expect.poll(() => page.locator(".parts li").allTextContents(), soon).toEqual(["mask boat"]);
  });

  it("draws boxes and polygons at their positions", async () => {
    const http = await openHttp();
    await http.add(picture("photo", await jpeg(400, 200)));
    const box = { top_row: 0.25, left_col: 0.5, bottom_row: 0.75, right_col: 1 };
    const points = [
      { row: 0, col: 0 },
      { row: 1, col: 0 },
      { row: 1, col: 0.25 },
    ];
    const regions = [{ bounding_box: box }, { polygon: { points } }].map((info) => ({
      input_id: "photo",
      data: { regions: [{ region_info: info, data: { concepts: [{ id: "boat" }] } }] },
    }));
    await http.call("POST", "/annotations", { annotations: regions });
    const { page } = await open(http);
    await page.locator(".tile .shapes rect").waitFor();
    await page.locator(".tile").click();
    await page.locator(".view rect").waitFor();
    // The shapes lie over the image, which has no size before it has been loaded.
    await expect.poll(() => page.evaluate("document.querySelector('.view img').naturalWidth"), soon).toBe(400);
    const image = await page.locator(".view img").boundingBox();
    const drawn = await page.locator(".view rect").boundingBox();
    const share = (value = 0, from = 0, length = 1) => Math.round(((value - from) / length) * 20) / 20;
    expect(share(drawn?.x, image?.x, image?.width)).toBe(0.5);
    expect(share(drawn?.y, image?.y, image?.height)).toBe(0.25);
    expect(await page.locator(".view polygon").getAttribute("points")).toBe("0,0 0,200 100,200");
    await page.getByLabel("2 regions").uncheck();
    await page.locator(".view .shapes").waitFor({ state: "detached" });
  });

  it("scrolls to the end of many inputs with few elements", async () => {
    const { page, gridIds } = await open(await notes(1500));
    await expect.poll(async () => (await gridIds())[0], soon).toBe("n1499");
    await page.evaluate("document.querySelector('.grid').scrollTo(0, 1e9)");
    await expect.poll(async () => (await gridIds()).at(-1), soon).toBe("n0");
    expect(await page.locator(".tile").count()).toBeLessThan(120);
  });

  it("makes previews of video and audio", async () => {
    const http = await openHttp();
    const base64 = (name: string) => exampleBytes(name).toString("base64");
    await http.add({ id: "ferry", data: { video: { base64: base64("media/ferry.mp4") } } });
    await http.add({ id: "horn", data: { audio: { base64: base64("media/foghorn.wav") } } });
    const { page, errors, refused } = await open(http);
    await page.locator(".tile", { hasText: "horn" }).locator(".waveform path").waitFor();
    const ferry = page.locator(".tile", { hasText: "ferry" });
    await ferry.getByText("0:02").waitFor();
    const width = () => page.evaluate("document.querySelector('.tile img').naturalWidth");
    await expect.poll(width, soon).toBe(320);
    expect({ errors, refused }).toEqual({ errors: [], refused: [] });
  });

  it("resumes when the emulator answers again, and accepts a new link when its session is over", async () => {
    const http = await notes(300);
    const { page, gridIds } = await open(http);
    await expect.poll(gridIds, soon).toContain("n299");
    let requests = 0;
    await page.route("**/gallery/**", (route) => {
      requests += 1;
      return route.abort();
    });
    await page.getByText("The emulator does not answer.").waitFor();
    await page.evaluate("document.querySelector('.grid').scrollTo(0, 1e9)");
    await expect.poll(gridIds, soon).toEqual([]);
    const before = requests;
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 2000))");
    expect(requests - before).toBeLessThan(6); // It polls for changes, and requests no page.
    await page.unroute("**/gallery/**");
    await expect.poll(gridIds, soon).toContain("n0");
    await page.getByText("The emulator does not answer.").waitFor({ state: "detached" });

    await page.route("**/gallery/changes*", (route) => route.fulfill({ status: 401 }));
    await page.getByText("The session is over").waitFor();
    await page.unroute("**/gallery/changes*");
    await page.goto(http.emulator.galleryUrl());
    await expect.poll(gridIds, soon).toContain("n299");
  });

  it("offers the filters of the selected app", async () => {
    const http = await openHttp();
    await http.add(note("old", { concepts: [{ id: "lake" }] }));
    const inputs = [note("new", { concepts: [{ id: "sea" }] }), note("newer", { concepts: [{ id: "sea" }] })];
    await http.call("POST", "/v2/users/me/apps/other/inputs", { inputs });
    const { page, gridIds } = await open(http);
    const concepts = () => page.getByRole("group", { name: "Class" }).locator("label").allTextContents();
    await expect.poll(concepts, soon).toEqual(["sea2"]);
    await page.getByLabel("App").selectOption({ label: "me / main" });
    await expect.poll(concepts, soon).toEqual(["lake1"]);
    await expect.poll(gridIds, soon).toEqual(["old"]);
  });

  it("opens an input from the map, and plays its video", async () => {
    const http = await openHttp();
    const video = { id: "ferry", data: { video: { base64: exampleBytes("media/ferry.mp4").toString("base64") } } };
    await http.add({ ...video, data: { ...video.data, geo: { geo_point: { longitude: 0, latitude: 0 } } } });
    const { page, errors } = await open(http);
    await page.getByRole("button", { name: "Map" }).click();
    await page.getByText("1 with a location").waitFor();
    await page.locator("canvas").click();
    await page.locator("dialog video").waitFor();
    const isLoaded = () => page.evaluate("document.querySelector('dialog video').readyState > 0");
    await expect.poll(isLoaded, soon).toBe(true);
    expect(errors).toEqual([]);
  });

  it("names the places of the map, and filters by one of them, by keyboard", async () => {
    const http = await openHttp();
    const oslo = { geo: { geo_point: { longitude: 10.75391, latitude: 59.91273 } } };
    await http.add(note("oslo-1", oslo), note("nowhere"), note("oslo-2", oslo));
    const { page, gridIds, errors } = await open(http);
    await page.getByRole("button", { name: "Map" }).click();
    await page.getByText("2 with a location").waitFor();
    const places = page.getByRole("list", { name: "Places" }).getByRole("button");
    await expect.poll(() => places.allTextContents(), soon).toEqual(["near Oslo, Norway 2"]);
    await page.locator(".map canvas").hover(); // in the middle, since the map shows all locations
    const tip = () => page.locator(".map-tip").textContent();
    await expect.poll(tip, soon).toBe("near Oslo, Norway2 inputs: click to filter by this place");
    await places.first().focus();
    await page.keyboard.press("Enter");
    await expect.poll(gridIds, soon).toEqual(["oslo-2", "oslo-1"]);
    expect(errors).toEqual([]);
  });

  it("exports the inputs that match as an archive, by keyboard, and shows why an export is not possible", async () => {
    const http = await openHttp();
    await http.add(picture("photo", await jpeg()));
    await http.add(note("words"));
    const { page, gridIds, errors, refused } = await open(http);
    await expect.poll(gridIds, soon).toEqual(["words", "photo"]);
    await page.getByLabel("Format of the export").selectOption("YOLO (boxes)");
    await page.getByRole("button", { name: "Export 2" }).focus();
    const [download] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Enter")]);
    expect(download.suggestedFilename()).toBe("main-yolo.zip");
    expect(await download.failure()).toBe(null);
    await page.getByText("1 exported, 1 not (not-exported.txt)").waitFor();
    expect({ errors, refused }).toEqual({ errors: [], refused: [] });
    await page.getByLabel("Search").fill("words");
    await page.getByRole("button", { name: "Export 1" }).click();
    await page.getByRole("alert").getByText("The input that matches cannot be exported as YOLO (boxes)").waitFor();
    expect(await isTooWide(page)).toBe(false);
  });

  it("counts, searches, links by id and zooms, by keyboard", async () => {
    const http = await openHttp();
    await http.add(picture("photo", await jpeg(400, 200)), note("calm", { metadata: { filename: "<b>x</b>.txt" } }));
    const region_info = { bounding_box: { top_row: 0.25, left_col: 0.5, bottom_row: 0.75, right_col: 0.75 } };
    const data = { regions: [{ region_info, data: { concepts: [{ id: "boat" }] } }] };
    await http.call("POST", "/annotations", { annotations: [{ input_id: "photo", data }] });
    const { page, gridIds, errors } = await open(http);
    await expect.poll(gridIds, soon).toEqual(["<b>x</b>.txt", "photo"]);
    await page.keyboard.press("/");
    await page.keyboard.type("PHOT");
    await expect.poll(gridIds, soon).toEqual(["photo"]);
    const kinds = () => page.getByRole("group", { name: "Kind" }).locator("label").allTextContents();
    await expect.poll(kinds, soon).toEqual(["image1"]);
    await page.goto(`${http.emulator.url}/#input=photo`);
    const box = page.locator(".view .shapes rect");
    await box.waitFor();
    await expect.poll(() => page.evaluate("document.querySelector('.view img').naturalWidth"), soon).toBe(400);
    const before = await box.boundingBox();
    await page.keyboard.press("+");
    await expect
      .poll(async () => (await box.boundingBox())?.width ?? 0, soon)
      .toBeGreaterThan((before?.width ?? 0) * 1.4);
    await page.keyboard.press("0");
    await expect.poll(async () => (await box.boundingBox())?.width ?? 0, soon).toBeCloseTo(before?.width ?? 0, 0);
    const label = () => page.locator(".stage .mark").boundingBox();
    const labelEnd = async () => label().then((at) => (at ? at.y + at.height : Number.POSITIVE_INFINITY));
    await expect.poll(labelEnd, soon).toBeLessThanOrEqual(before?.y ?? 0);
    await page.keyboard.press("l");
    await page.locator(".stage .mark").waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: "Keys" }).waitFor();
    expect(errors).toEqual([]);
  });

  it("fits into a narrow window", async () => {
    const { page, gridIds } = await open(await notes(5), { width: 360, height: 640 });
    await expect.poll(gridIds, soon).toHaveLength(5);
    expect(await isTooWide(page)).toBe(false);
    await page.locator(".tile").first().click();
    await page.getByRole("dialog").waitFor();
    expect(await isTooWide(page)).toBe(false);
  });
});
