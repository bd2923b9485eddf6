/** Starts headless Chromium for tests of pages, once for each test file. Without Chromium these tests are skipped, with the command that installs it. */

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, describe, onTestFinished } from "vitest";

export interface OpenPage {
  page: Page;
  /** Errors so far: written to the console, thrown, or rejected. */
  errors: string[];
  /** Addresses of failed requests so far: all requests to other machines, and those that this machine did not answer. Those that the page cancelled itself do not count. */
  refused: string[];
}

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];
/** Chromium resolves no other host, neither for pages and sockets nor for its own services. */
const loopbackOnly = "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE [::1]";

const executable = process.env.CHROMIUM_PATH || findOnPath();
let launched: Promise<Browser> | undefined;

/** Describes tests that need a browser. */
export function describeInBrowser(name: string, tests: () => void): void {
  if (executable === undefined) console.warn(`${name}: skipped without a browser; apt-get install -y chromium`);
  describe.skipIf(executable === undefined)(name, () => {
    afterAll(async () => {
      await (await launched)?.close();
      launched = undefined;
    });
    tests();
  });
}

/** Opens a page with its own storage and cookies, which is closed after the test. It can open files, and pages of this machine. */
export async function openPage(options: BrowserContextOptions = {}): Promise<OpenPage> {
  launched ??= chromium.launch({
    ...(executable === undefined ? {} : { executablePath: executable }),
    args: [`--host-resolver-rules=${loopbackOnly}`],
  });
  const context = await (await launched).newContext({ reducedMotion: "reduce", ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const errors: string[] = [];
  const refused: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  page.on("requestfailed", (request) => {
    if (request.failure()?.errorText !== "net::ERR_ABORTED") refused.push(request.url());
  });
  return { page, errors, refused };
}

function findOnPath(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
