/** Selecting and acting in the gallery's page, in a browser. */

import type { Locator, Page } from "playwright-core";
import sharp from "sharp";
import { expect, it } from "vitest";
import { describeInBrowser, openPage } from "../../helpers/browser.js";
import { type Http, note, openHttp, picture } from "../../helpers/http.js";

const soon = { timeout: 15_000 };

async function open(http: Http, viewport = { width: 1000, height: 700 }) {
  const opened = await openPage({ viewport });
  await opened.page.goto(http.emulator.galleryUrl());
  const { page } = opened;
  const gridIds = () => page.locator(".grid .name").allTextContents();
  const picked = () => page.locator("[role=option][aria-checked=true] .name").allTextContents();
  const tile = (id: string) => page.locator(".tile").filter({ has: page.getByText(id, { exact: true }) });
  return { ...opened, gridIds, picked, tile };
}

async function notes(count: number, data: Record<string, unknown> = {}): Promise<Http> {
  const http = await openHttp();
  for (let from = 0; from < count; from += 128) {
    const inputs = Array.from({ length: Math.min(128, count - from) }, (_, n) => note(`n${from + n}`, data));
    await http.call("POST", "/inputs", { inputs });
  }
  await http.processed(`n${count - 1}`);
  return http;
}

function button(page: Page, name: string | RegExp): Locator {
  return page.getByRole("button", { name });
}

const ids = (http: Http) => http.emulator.stored().map(({ id }) => id);

describeInBrowser("the gallery's page, as a workbench", () => {
  it("selects by click, range and command, deletes after a confirmation with the number, and undoes", async () => {
    const http = await notes(12);
    const { page, gridIds, picked, tile, errors, refused } = await open(http);
    await expect.poll(gridIds, soon).toHaveLength(12);
    await tile("n11").hover();
    await tile("n11").locator(".pick").click();
    await tile("n8").click({ modifiers: ["Shift"] });
    await expect.poll(picked, soon).toEqual(["n11", "n10", "n9", "n8"]);
    await tile("n9").click({ modifiers: ["Control"] });
    await tile("n0").click({ modifiers: ["Control"] });
    await expect.poll(picked, soon).toEqual(["n11", "n10", "n8", "n0"]);
    expect(await page.getByRole("dialog").count()).toBe(0);
    await button(page, "Delete…").click();
    await page.getByRole("dialog", { name: "Delete 4 inputs" }).waitFor();
    await button(page, "Cancel").click();
    expect(ids(http)).toHaveLength(12);
    await button(page, "Delete…").click();
    await button(page, "Delete 4 inputs").click();
    await page.getByText("4 inputs deleted").waitFor();
    await expect.poll(gridIds, soon).toEqual(["n9", "n7", "n6", "n5", "n4", "n3", "n2", "n1"]);
    await page.reload();
    await button(page, "Recent changes (1)").click();
    await page.getByRole("dialog").getByRole("button", { name: "Undo" }).click();
    await page.getByText("undone for 4 inputs").waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(gridIds, soon).toHaveLength(12);
    expect(ids(http)).toEqual(Array.from({ length: 12 }, (_, n) => `n${n}`));
    expect({ errors, refused }).toEqual({ errors: [], refused: [] });
  });

  it("can be used with the keyboard alone", async () => {
    const http = await notes(10);
    const { page, gridIds, picked } = await open(http);
    await expect.poll(gridIds, soon).toHaveLength(10);
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await press("x", "ArrowRight", "ArrowRight", "x");
    await expect.poll(picked, soon).toEqual(["n9", "n7"]);
    await press("Shift+ArrowRight", "Shift+ArrowRight");
    await expect.poll(picked, soon).toEqual(["n9", "n7", "n6", "n5"]);
    await press("Escape");
    await expect.poll(picked, soon).toEqual([]);
    await press("Control+a");
    await page.getByText("10 inputs selected").waitFor();
    await press("x", "Delete");
    await page.getByRole("dialog", { name: "Delete 9 inputs" }).waitFor();
    await press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.getByText("9 inputs selected").waitFor();
    await press("Delete");
    await button(page, "Delete 9 inputs").focus();
    await press("Enter");
    await expect.poll(gridIds, soon).toEqual(["n5"]);
  });

  it("acts on all that match, says if their number changed, and selects a range beyond what is loaded", async () => {
    const http = await notes(700, { concepts: [{ id: "sea" }] });
    const { page, gridIds } = await open(http);
    await expect.poll(gridIds, soon).toContain("n699");
    await button(page, "Select all 700").click();
    await page.getByText("700 inputs selected").waitFor();
    await page.route("**/gallery/changes*", (route) => route.abort()); // The page does not notice the next input.
    await page.waitForRequest("**/gallery/changes*"); // The request before it has its answer.
    await http.add(note("later"));
    await button(page, "Tag…").click();
    await page.getByText("700 inputs were shown as selected; 701 inputs match now.").waitFor();
    await page.unroute("**/gallery/changes*");
    await page.getByLabel("Metadata key").fill("split");
    await page.getByLabel("Type").selectOption("number");
    await page.getByLabel("Value").fill("x");
    expect(await button(page, /^Apply to/).isDisabled()).toBe(true);
    await page.getByLabel("Value").fill("7");
    await button(page, "Set for 701 inputs").click();
    await page.getByText("701 inputs changed").waitFor();
    expect(http.emulator.stored().every(({ metadata }) => (metadata as { split?: number }).split === 7)).toBe(true);
    await button(page, "Clear the selection").click();
    await expect.poll(gridIds, soon).toContain("later");
    await page
      .locator(".tile")
      .nth(1)
      .click({ modifiers: ["Control"] });
    await page.locator(".grid").focus();
    await page.keyboard.press("Shift+End");
    await page.getByText("700 inputs selected").waitFor();
  });

  it("labels and adds to a dataset, and shows why an action is refused and what it left alone", async () => {
    const http = await notes(3);
    const { page, gridIds, tile } = await open(http);
    await expect.poll(gridIds, soon).toHaveLength(3);
    await button(page, "Select all 3").click();
    await button(page, "Label…").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Remove").check();
    await dialog.getByLabel("Concept").fill("nobody");
    await button(page, "Remove from 3 inputs").click();
    await dialog.getByRole("alert").getByText('no concept is called "nobody"').waitFor();
    await dialog.getByLabel("Add", { exact: true }).check();
    await dialog.getByLabel("Concept").fill("sea");
    await http.call("DELETE", "/inputs/n1");
    await button(page, "Add to 3 inputs").click();
    await page.getByText("2 inputs changed, 1 no longer existed").waitFor();
    await button(page, "Details").click();
    await page.getByText("n1: it was deleted since it was selected").waitFor();
    await tile("n2").getByText("sea").waitFor();
    await button(page, "Dataset…").click();
    await dialog.getByLabel("Dataset").fill("fresh");
    await dialog.getByText("A new dataset is created.").waitFor();
    await button(page, "Add 2 inputs").click();
    await page.getByText("Add to the dataset “fresh”").waitFor();
    const members = async () => (await http.call("GET", "/datasets/fresh/inputs")).json.dataset_inputs?.length;
    await expect.poll(members, soon).toBe(2);
  });

  it("exports the selected inputs, and shows the change of another browser", async () => {
    const http = await notes(4);
    const [first, second] = [await open(http), await open(http)];
    await expect.poll(first.gridIds, soon).toHaveLength(4);
    await first.tile("n0").click({ modifiers: ["Control"] });
    await first.page.getByLabel("Format of the export").selectOption("JSON Lines");
    const [download] = await Promise.all([
      first.page.waitForEvent("download"),
      button(first.page, "Export 1 selected").click(),
    ]);
    expect(await download.failure()).toBe(null);
    await first.page.getByText("1 exported").waitFor();
    await button(first.page, "Delete…").click();
    await button(first.page, "Delete 1 input").click();
    await button(second.page, "Recent changes (1)").click();
    await second.page.getByRole("dialog").getByRole("button", { name: "Undo" }).click();
    await expect.poll(() => ids(http), soon).toHaveLength(4);
    await first.page.locator(".toast").getByText("undone for 1 input").waitFor();
  });

  it("selects similar images from the open one", async () => {
    const http = await openHttp();
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="240" height="160"><rect width="240" height="160" fill="#246"/>
      <circle cx="60" cy="60" r="45" fill="#fc8"/><rect x="180" y="90" width="50" height="60" fill="#e33"/></svg>`;
    const image = (size: number) => sharp(Buffer.from(svg)).resize(size).png().toBuffer();
    await http.add(picture("large", await image(240)), picture("small", await image(120)), note("words"));
    const { page, picked, tile } = await open(http);
    await tile("large").click();
    await page.getByText("Similar images").click();
    await page.getByText("1 similar.").waitFor();
    await page.locator(".similar-tiles img").waitFor();
    await button(page, "Select with this one").click();
    await expect.poll(picked, soon).toEqual(["small", "large"]);
  });

  it("offers no change in a read-only gallery, and fits into a narrow window", async () => {
    const http = await openHttp({ readOnlyGallery: true });
    await http.add(note("a"), note("b"));
    const { page, gridIds } = await open(http, { width: 375, height: 700 });
    await expect.poll(gridIds, soon).toHaveLength(2);
    await button(page, "Select all 2").click();
    await page.getByText("This gallery is read-only.").waitFor();
    expect(await button(page, "Delete…").count()).toBe(0);
    expect(await page.evaluate<boolean>("document.documentElement.scrollWidth > innerWidth")).toBe(false);
  });
});
