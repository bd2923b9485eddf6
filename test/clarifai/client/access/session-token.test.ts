/** Connections with a session token in place of a key. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type ConnectOptions,
  connect,
  download,
  flow,
  fromIterable,
  listInputs,
  upload,
} from "../../../../src/index.js";
import { openStore, temporaryFolder, type Wire, wires } from "../../../helpers/store.js";
import { startWeb } from "../../../helpers/web.js";

const photo = readFileSync(join(import.meta.dirname, "../../../../examples/data/harbour/quay.jpg"));
const token = "session-5d1f";

beforeEach(() => {
  for (const name of ["CLARIFAI_PAT", "CLARIFAI_SESSION_TOKEN", "CLARIFAI_API_BASE"]) vi.stubEnv(name, "");
});
afterEach(() => vi.unstubAllEnvs());

let headers: Record<string, unknown> = {};
const web = await startWeb({
  "/v2/users/me/apps/main": (response, request) => {
    headers = request.headers;
    response.end(JSON.stringify({ status: { code: 10000 }, app: {} }));
  },
});

/** Returns the headers of a request of a connection. */
async function headersOf(options: ConnectOptions): Promise<Record<string, unknown>> {
  const app = await connect({ baseUrl: web.origin, ...options });
  onTestFinished(() => app.close());
  await app.transport.call("GET", "/v2/users/me/apps/main");
  return headers;
}

const failure = (options: ConnectOptions) => connect(options).catch((error: unknown) => error);

describe("a session token", () => {
  it.each<Wire>(wires)("uploads, lists and downloads over %s on a server that accepts nothing else", async (wire) => {
    const { app, store } = await openStore({ pat: token }, { pat: undefined, sessionToken: token }, wire);
    const report = await flow(fromIterable([{ id: "quay", image: { bytes: photo } }]))
      .pipe(upload(app))
      .run();
    expect(report.counts).toMatchObject({ read: 1, ok: 1 });
    expect(store.stored().map(({ id }) => id)).toEqual(["quay"]);
    const folder = temporaryFolder();
    const downloaded = await flow(listInputs(app)).pipe(download(folder)).run();
    expect(downloaded.counts).toMatchObject({ read: 1, ok: 1 });
    expect(readFileSync(join(folder, "quay.jpg")).equals(photo)).toBe(true);
  });

  it("is refused by a server that has another one", async () => {
    const { app } = await openStore({ pat: token }, { pat: undefined, sessionToken: "another" });
    await expect(flow(listInputs(app)).run()).rejects.toMatchObject({ code: "11009" });
  });

  it("is sent in its own header, and no key with it", async () => {
    const sent = await headersOf({ sessionToken: token });
    expect(sent["x-clarifai-session-token"]).toBe(token);
    expect(sent).not.toHaveProperty("authorization");
  });

  it("comes from CLARIFAI_SESSION_TOKEN, and an option wins over a variable of either kind", async () => {
    vi.stubEnv("CLARIFAI_SESSION_TOKEN", token);
    expect(await headersOf({})).toMatchObject({ "x-clarifai-session-token": token });
    const withKey = await headersOf({ pat: "key" });
    expect(withKey.authorization).toBe("Key key");
    expect(withKey).not.toHaveProperty("x-clarifai-session-token");
    vi.stubEnv("CLARIFAI_PAT", "key");
    expect(await headersOf({ sessionToken: "mine" })).toMatchObject({ "x-clarifai-session-token": "mine" });
  });

  it("makes the platform the server", async () => {
    vi.stubEnv("CLARIFAI_SESSION_TOKEN", token);
    const app = await connect({ userId: "me", appId: "main" });
    onTestFinished(() => app.close());
    expect(app.address).toBe("me/main at https://api.clarifai.com");
  });

  it("is refused beside a key", async () => {
    const both = await failure({ pat: "a", sessionToken: "b", baseUrl: "http://127.0.0.1:9" });
    expect(both).toMatchObject({
      code: "ERR_OPTIONS",
      message: "connect: pat and sessionToken are both set; pass one of them",
    });
    vi.stubEnv("CLARIFAI_SESSION_TOKEN", token);
    vi.stubEnv("CLARIFAI_PAT", "key");
    expect(await failure({ baseUrl: "http://127.0.0.1:9" })).toMatchObject({
      code: "ERR_CREDENTIALS",
      message: expect.stringMatching(/CLARIFAI_PAT and CLARIFAI_SESSION_TOKEN are both set; unset one/) as string,
    });
  });

  it("is refused together with the folder of an emulator, and ignored there if it is a variable", async () => {
    expect(await failure({ data: temporaryFolder(), sessionToken: token })).toMatchObject({
      code: "ERR_OPTIONS",
      message: expect.stringContaining("data and sessionToken name two targets") as string,
    });
    vi.stubEnv("CLARIFAI_SESSION_TOKEN", token);
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    onTestFinished(() => write.mockRestore());
    const app = await connect({ data: temporaryFolder() });
    await app.close();
    expect(String(write.mock.calls[0]?.[0])).toContain("ignoring CLARIFAI_SESSION_TOKEN");
  });
});
