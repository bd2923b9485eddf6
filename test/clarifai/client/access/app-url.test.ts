/** Targets by URL: pages of the web site in place of a user and an app. */

import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { targetOf } from "../../../../src/cli/shared/connection.js";
import { type ConnectOptions, connect } from "../../../../src/index.js";
import { startCommand } from "../../../helpers/command.js";
import { openStore, temporaryFolder } from "../../../helpers/store.js";

const variables = ["CLARIFAI_PAT", "CLARIFAI_API_BASE", "CLARIFAI_USER_ID", "CLARIFAI_APP_ID", "CLARIFAI_UI"];
beforeEach(() => {
  for (const name of variables) vi.stubEnv(name, "");
});
afterEach(() => vi.unstubAllEnvs());

async function addressOf(options: ConnectOptions): Promise<string> {
  const app = await connect({ pat: "any", ...options });
  onTestFinished(() => app.close());
  return app.address;
}

const messageOf = (options: ConnectOptions) =>
  connect({ pat: "any", ...options }).then(
    () => "connected",
    (error: { code: string; message: string }) => `${error.code} ${error.message}`,
  );

describe("the URL of an app", () => {
  it.each([
    "https://clarifai.com/me/photos",
    "https://clarifai.com/me/photos/",
    "https://www.clarifai.com/me/photos",
    "http://clarifai.com/me/photos",
    "clarifai.com/me/photos",
    "https://CLARIFAI.com:443/me/photos",
    "https://clarifai.com/me/apps/photos",
    "https://clarifai.com/users/me/apps/photos",
    "https://clarifai.com/me/photos/inputs",
    "https://clarifai.com/me/apps/photos/datasets",
    "https://clarifai.com/users/me/apps/photos/inputs/",
    " https://clarifai.com/me/photos ",
  ])("names user, app and platform: %s", async (url) => {
    vi.stubEnv("CLARIFAI_API_BASE", "http://127.0.0.1:9"); // the option wins over the environment
    vi.stubEnv("CLARIFAI_USER_ID", "you");
    expect(await addressOf({ url })).toBe("me/photos at https://api.clarifai.com");
  });

  it("may have escapes in its ids", async () => {
    expect(await addressOf({ url: "https://clarifai.com/m%C3%A9/a%20b" })).toBe("mé/a b at https://api.clarifai.com");
  });

  it.each<[string, RegExp]>([
    ["https://clarifai.com", /clarifai\.com\/ names no user and no app; pass https:\/\/clarifai\.com\/USER\/APP/],
    ["https://clarifai.com/me", /names a user, but no app/],
    ["https://clarifai.com/me/apps", /names a user, but no app/],
    ["https://clarifai.com/me/photos/inputs/sea-1", /names the input "sea-1", and a connection is to an app/],
    [
      "https://clarifai.com/me/photos/datasets/train/versions/v1",
      /names the dataset "train".*pass https:\/\/clarifai\.com\/me\/photos, and name the dataset where it is used \(dataset: "train", --dataset train\)/,
    ],
    ["https://clarifai.com/me/photos/models/m1/versions/2", /names the model "m1"/],
    ["https://clarifai.com/me/photos/settings", /is not a page that shows an app or its inputs/],
    ["https://clarifai.com/me/photos?page=2", /has a query, which selects nothing here; leave it out/],
    ["https://clarifai.com/me/photos#top", /has a fragment/],
    ["https://api.clarifai.com/v2/users/me/apps/photos", /is the API, not a page/],
    ["https://clarifai.com.evil.example/me/photos", /clarifai\.com\.evil\.example is not the web site/],
    ["https://xclarifai.com/me/photos", /is not the web site/],
    ["https://clarifai.com:8443/me/photos", /is not the web site/],
    ["ftp://clarifai.com/me/photos", /is not the address of a page/],
    ["me/photos", /"me\/photos" is not the address of a page such as https:\/\/clarifai\.com\/USER\/APP/],
  ])("is refused with the reason: %s", async (url, text) => {
    expect(await messageOf({ url })).toMatch(new RegExp(`^ERR_OPTIONS connect: url: .*${text.source}`));
  });

  it("does not appear with a password in the error", async () => {
    const message = await messageOf({ url: "https://me:s3cret@clarifai.com/me/photos" });
    expect(message).toContain("is not the address of a page");
    expect(message).not.toContain("s3cret");
  });

  it("may be of another server's web site, whose API is named", async () => {
    vi.stubEnv("CLARIFAI_UI", "https://ai.corp.example");
    const url = "https://ai.corp.example/me/photos";
    expect(await messageOf({ url })).toMatch(/page of another server than the platform; name its API with baseUrl/);
    expect(await addressOf({ url, baseUrl: "http://127.0.0.1:9" })).toBe("me/photos at http://127.0.0.1:9");
    vi.stubEnv("CLARIFAI_API_BASE", "http://127.0.0.1:8");
    expect(await addressOf({ url })).toBe("me/photos at http://127.0.0.1:8");
    vi.stubEnv("CLARIFAI_UI", "ai.corp.example");
    expect(await addressOf({ url })).toBe("me/photos at http://127.0.0.1:8");
  });

  it("is refused beside another target", async () => {
    const url = "https://clarifai.com/me/photos";
    expect(await messageOf({ url, appId: "x" })).toMatch(/url and appId name two targets/);
    expect(await messageOf({ url, userId: "x" })).toMatch(/url and userId name two targets/);
    expect(await messageOf({ url, data: temporaryFolder(), pat: undefined })).toMatch(/url and data name two targets/);
    expect(await messageOf({ url, baseUrl: "http://127.0.0.1:9" })).toMatch(/baseUrl another server/);
    expect(await addressOf({ url, baseUrl: "https://api.clarifai.com/" })).toBe(
      "me/photos at https://api.clarifai.com",
    );
    expect(await messageOf({ url, pat: undefined })).toMatch(/^ERR_CREDENTIALS .*needs a key/);
  });
});

describe("--app", () => {
  it("takes an id, user and id, or a page", () => {
    expect(targetOf({ app: "photos" })).toEqual({ appId: "photos" });
    expect(targetOf({ app: "photos", user: "me" })).toEqual({ userId: "me", appId: "photos" });
    expect(targetOf({ app: "me/photos" })).toEqual({ userId: "me", appId: "photos" });
    expect(targetOf({ app: "https://clarifai.com/me/photos" })).toEqual({ url: "https://clarifai.com/me/photos" });
    expect(targetOf({ app: "clarifai.com/me/photos" })).toEqual({ url: "clarifai.com/me/photos" });
    expect(targetOf({ user: "me" })).toEqual({ userId: "me" });
    expect(targetOf({})).toEqual({});
    for (const app of ["me/", "/photos", "a/b/c"]) {
      expect(() => targetOf({ app })).toThrow(/^--app: .* is neither an id nor <user>\/<id>/);
    }
    expect(() => targetOf({ app: "me/photos", user: "you" })).toThrow(/names a user, and so does --user/);
  });

  it("selects the app of a command, and a wrong value ends it with exit code 2", { timeout: 120_000 }, async () => {
    const { store } = await openStore();
    const env = { CLARIFAI_API_BASE: store.url, CLARIFAI_PAT: "any" };
    const cwd = temporaryFolder();
    const sluice = (...args: string[]) => startCommand(args, { cwd, env }).ended;
    const quay = `${import.meta.dirname}/../../../../examples/data/harbour/quay.jpg`;
    const uploaded = await sluice("upload", quay, "--app", "anna/sea");
    expect(uploaded.stdout).toContain("upload to anna/sea at http://127.0.0.1:");
    const wrong = await sluice("list", "--app", "https://clarifai.com/anna/sea/datasets/train");
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toContain('names the dataset "train"');
  });
});
