/** The browser of the tests: it shows local pages, reports their errors, and refuses other machines. */

import { expect, it } from "vitest";
import { describeInBrowser, openPage } from "./browser.js";
import { fileWith } from "./files.js";
import { temporaryFolder } from "./store.js";
import { startWeb } from "./web.js";

describeInBrowser("a browser for tests", () => {
  it("shows pages of this machine, and files", async () => {
    const web = await startWeb({
      "/": (response) => response.setHeader("content-type", "text/html").end("<title>Harbour</title><h1>Boats</h1>"),
      "/favicon.ico": (response) => response.writeHead(204).end(),
    });
    const { page, errors, refused } = await openPage({ viewport: { width: 400, height: 300 } });
    await page.goto(web.origin);
    expect(await page.title()).toBe("Harbour");
    await page.goto(`file://${fileWith(temporaryFolder(), "page.html", "<h1>Saved</h1>")}`);
    expect(await page.locator("h1").textContent()).toBe("Saved");
    expect((await page.screenshot()).subarray(1, 4).toString()).toBe("PNG");
    expect({ errors, refused }).toEqual({ errors: [], refused: [] });
  });

  it("reports the errors of a page", async () => {
    const { page, errors } = await openPage();
    await page.setContent(
      "<script>console.error('first'); Promise.reject(new Error('second')); throw new Error('third')</script>",
    );
    await expect.poll(() => errors.length, { timeout: 15_000 }).toBe(3);
    expect(errors.join(" ")).toMatch(/first.*(second.*third|third.*second)/);
  });

  it("reaches no other machine, neither by name nor by address", async () => {
    const { page, refused } = await openPage();
    const elsewhere = ["http://example.com/a.png", "http://192.0.2.1/b.png", "http://[2001:db8::1]/c.png"];
    await page.setContent(elsewhere.map((url) => `<img src="${url}" alt="">`).join(""));
    await expect.poll(() => [...refused].sort(), { timeout: 15_000 }).toEqual([...elsewhere].sort());
    await expect(page.goto("http://192.0.2.1/")).rejects.toThrow("ERR_NAME_NOT_RESOLVED");
  });
});
