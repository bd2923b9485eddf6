import { describe, expect, it, onTestFinished, vi } from "vitest";
import { jpeg } from "../helpers/files.js";
import { note, openHttp, picture } from "../helpers/http.js";

const good = { authorization: "Key right" };
const where = { user_app_id: { user_id: "ann", app_id: "demo" } };

describe("the key of a request", () => {
  it.each([
    [{}, 11102, "missing"],
    [{ authorization: "right" }, 11102, "malformed"],
    [{ authorization: "Key" }, 11102, "malformed"],
    [{ authorization: "Key  " }, 11102, "malformed"],
    [{ authorization: "Basic right" }, 11102, "malformed"],
    [{ authorization: "Key wrong" }, 11009, "invalid key"],
    [{ "x-clarifai-session-token": "wrong" }, 11009, "invalid key"],
  ])("is refused with 401 for the headers %j", async (headers, code, details) => {
    const { call, emulator } = await openHttp({ pat: "right" });
    for (const [method, path, body] of [
      ["GET", "/inputs", undefined],
      ["POST", "/inputs", { inputs: [note("a")] }],
      ["GET", "/v2/users/me/apps", undefined],
    ] as const) {
      const answer = await call(method, path, body, headers);
      expect(answer).toMatchObject({
        http: 401,
        json: { status: { code, details: expect.stringContaining(details) } },
      });
    }
    expect(emulator.stored()).toEqual([]);
  });

  it.each([good, { authorization: "Bearer right" }, { "x-clarifai-session-token": "right" }])(
    "is let in with the headers %j",
    async (headers) => {
      const { call } = await openHttp({ pat: "right" });
      expect(await call("GET", "/inputs", undefined, headers)).toMatchObject({ http: 200, json: { inputs: [] } });
    },
  );

  it("is not needed for the status codes", async () => {
    const { call } = await openHttp({ pat: "right" });
    const { http, json } = await call("GET", "/v2/status_codes", undefined, {});
    expect([http, json.status.code]).toEqual([200, 10000]);
    expect(json).toMatchObject({
      statuses: expect.arrayContaining([{ code: 30000, description: "Download complete" }]),
    });
    const one = await call("GET", "/v2/status_codes/30100", undefined, {});
    expect(one).toMatchObject({ http: 200, json: { status: { code: 30100, description: "Input duplicate" } } });
    expect((await call("GET", "/v2/status_codes/5", undefined, {})).json.status.code).toBe(11101);
    expect((await call("DELETE", "/v2/status_codes", undefined, {})).json.status.code).toBe(11103);
  });
});

describe("the key of an app", () => {
  const appKeys = { "demo-key": { userId: "ann", appId: "demo" } };
  const key = { authorization: "Key demo-key" };

  it("gives access to its app, and short paths refer to this app", async () => {
    const { call, emulator } = await openHttp({ pat: "right", appKeys });
    await call("POST", "/v2/inputs", { inputs: [note("short")] }, key);
    await call("POST", "/v2/users/ann/apps/demo/inputs", { inputs: [note("long")] }, key);
    expect(emulator.stored("ann", "demo").map((input) => input.id)).toEqual(["short", "long"]);
    expect((await call("GET", "/v2/users/ann/apps/other/inputs", undefined, good)).http).toBe(200);
  });

  it.each([
    ["GET", "/v2/users/ann/apps/other/inputs", 401, 11008],
    ["GET", "/v2/inputs?user_app_id.user_id=ann&user_app_id.app_id=other", 401, 11008],
    ["GET", "/v2/users/ann", 403, 11007],
    ["GET", "/v2/users/ann/apps", 403, 11007],
    ["DELETE", "/v2/users/ann/apps/demo", 403, 11007],
  ])("gives access to nothing else: %s %s with %i and %i", async (method, path, http, code) => {
    const { call } = await openHttp({ pat: "right", appKeys });
    expect(await call(method, path, undefined, key)).toMatchObject({ http, json: { status: { code } } });
  });

  it("gives no access to media of another app", async () => {
    const { call, emulator } = await openHttp({ appKeys });
    await call("POST", "/inputs", { inputs: [picture("a", await jpeg())] });
    const { input } = (await call("GET", "/inputs/a")).json;
    const address = input.data.image?.url ?? "";
    expect((await fetch(address, { headers: good })).status).toBe(200);
    expect((await fetch(address, { headers: key })).status).toBe(401);
    expect(emulator.stored()).toHaveLength(1);
  });
});

describe("paths", () => {
  it("name the app in the long form of the path, in the body or in the query", async () => {
    const { call, emulator } = await openHttp();
    await call("POST", "/v2/users/ann/apps/demo/inputs", { inputs: [note("long")] });
    await call("POST", "/v2/inputs", { ...where, inputs: [note("body")] });
    await call("POST", "/v2/inputs?user_app_id.user_id=ann&user_app_id.app_id=demo", { inputs: [note("query")] });
    await call("POST", "/v2/inputs", { inputs: [note("nobody")] });
    expect(emulator.stored("ann", "demo").map((input) => input.id)).toEqual(["long", "body", "query"]);
    const query = "user_app_id.user_id=ann&user_app_id.app_id=demo";
    for (const path of ["/v2/users/ann/apps/demo/inputs", `/v2/inputs?${query}`]) {
      expect((await call("GET", path)).json.inputs.map((input) => input.id)).toEqual(["query", "body", "long"]);
    }
    expect((await call("GET", `/v2/app?${query}`)).json).toMatchObject({ app: { id: "demo", user_id: "ann" } });
    expect((await call("GET", "/v2/inputs")).json.inputs.map((input) => input.id)).toEqual(["nobody"]);
  });

  it("take precedence over the body", async () => {
    const { call, emulator } = await openHttp();
    await call("POST", "/v2/users/ann/apps/other/inputs", { ...where, inputs: [note("a")] });
    expect(emulator.stored("ann", "other")).toHaveLength(1);
    expect(emulator.stored("ann", "demo")).toEqual([]);
  });

  it("accept `me` as the user, a trailing slash, and encoded ids", async () => {
    const { call, add, emulator } = await openHttp();
    expect((await call("GET", "/v2/users/me")).json).toMatchObject({ status: { code: 10000 }, user: { id: "me" } });
    await call("POST", "/inputs/", { inputs: [note("slash")] });
    await add(note("a/b c?&é,#"));
    expect(emulator.stored().map((input) => input.id)).toEqual(["slash", "a/b c?&é,#"]);
    const id = encodeURIComponent("a/b c?&é,#");
    expect((await call("GET", `/inputs/${id}/`)).json.input.id).toBe("a/b c?&é,#");
    expect((await call("GET", `/inputs?ids=${id}`)).json.inputs).toHaveLength(1);
  });

  it("with literal parts are not read as ids", async () => {
    const { call, add } = await openHttp();
    await add(note("status"), note("stream"));
    expect((await call("GET", "/inputs/status")).json.counts).toMatchObject({ processed: 2 });
    expect((await call("GET", "/inputs/stream")).json.inputs).toHaveLength(2);
    expect((await call("GET", "/inputs?ids=status")).json.inputs).toMatchObject([{ id: "status" }]);
  });

  it.each([
    ["GET", "/nothing", 404, 11101],
    ["GET", "/inputs/a/b/c", 404, 11101],
    ["GET", "/v2/users", 404, 11101],
    ["GET", "/v2/users/me/nothing", 404, 11101],
    ["GET", "/v2", 404, 11101],
    ["DELETE", "/v2/", 404, 11101],
    ["GET", "/v2//", 404, 11101],
    ["POST", "/inputs/uploads", 400, 11102],
    ["POST", "/inputs/data_sources/", 400, 11102],
    ["PUT", "/inputs", 400, 11103],
    ["POST", "/inputs/status", 400, 11103],
    ["PATCH", "/inputs/a", 400, 11103],
    ["DELETE", "/v2/users/me/apps", 400, 11103],
    ["GET", "/inputs/%ff", 400, 11102],
  ])("without a route or without content are refused: %s %s with %i and %i", async (method, path, http, code) => {
    const { call, add, emulator } = await openHttp();
    await add(note("kept"));
    expect(await call(method, path)).toMatchObject({ http, json: { status: { code } } });
    expect(emulator.stored()).toHaveLength(1);
  });

  it("outside of the API are unknown", async () => {
    const { emulator } = await openHttp();
    for (const path of ["/v1", "//v1", "/v1/inputs"]) {
      const response = await fetch(`${emulator.url}${path}`, { headers: good });
      expect([path, response.status]).toEqual([path, 404]);
    }
  });

  it("of unknown apps are refused if autoCreate is false", async () => {
    const { call } = await openHttp({ autoCreate: false });
    expect(await call("GET", "/inputs")).toMatchObject({ http: 404, json: { status: { code: 11101 } } });
    expect((await call("POST", "/v2/users/me/apps", { apps: [{ id: "main" }] })).http).toBe(200);
    expect((await call("GET", "/inputs")).http).toBe(200);
    const lost = { inputs: [{ ...note("a"), dataset_ids: ["nope"] }] };
    expect((await call("POST", "/inputs", lost)).json.inputs).toMatchObject([{ id: "a", status: { code: 11101 } }]);
  });
});

describe("envelopes", () => {
  it("have their own request id after every outcome", async () => {
    const { call } = await openHttp();
    const answers = await Promise.all([
      call("GET", "/inputs"),
      call("POST", "/inputs", { inputs: [note("a")] }),
      call("POST", "/inputs", "{"),
      call("GET", "/inputs/nope"),
      call("GET", "/nothing"),
      call("PUT", "/inputs"),
      call("GET", "/inputs", undefined, {}),
      call("GET", "/v2/status_codes"),
    ]);
    const ids = answers.map(({ json }) => json.status.req_id);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(ids).size).toBe(answers.length);
  });

  it("have an empty list when the request is refused", async () => {
    const { call } = await openHttp({ pat: "right" });
    const lists = {
      "GET /inputs": "inputs",
      "PATCH /annotations": "annotations",
      "POST /concepts": "concepts",
      "GET /datasets/nope/inputs": "dataset_inputs",
      "POST /searches": "hits",
      "GET /inputs/jobs/add": "inputs_add_jobs",
      "GET /v2/users/me/apps": "apps",
    };
    for (const [request, list] of Object.entries(lists)) {
      const [method = "", path = ""] = request.split(" ");
      const { json } = await call(method, path, undefined, {});
      expect(json).toEqual({ status: expect.objectContaining({ code: 11102 }), [list]: [] });
    }
    expect((await call("POST", "/concepts", {}, good)).json).toMatchObject({ status: { code: 11102 }, concepts: [] });
    expect(Object.keys((await call("DELETE", "/inputs", {}, good)).json)).toEqual(["status"]);
  });

  it("begin their id with the prefix of the client", async () => {
    const { call } = await openHttp();
    const prefixed = (prefix: string) =>
      call("GET", "/inputs", undefined, { ...good, "x-clarifai-request-id-prefix": prefix });
    expect((await prefixed("sdk-python-12.5.1")).json.status.req_id).toMatch(/^sdk-python-12\.5\.1-[0-9a-f]{32}$/);
    expect((await prefixed("a b")).json.status.req_id).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each(["{", "[]", "null", '"text"', '{"inputs":[}', `{"a":${"[".repeat(2000)}`])(
    "say 11100 for the body %j",
    async (body) => {
      const { call } = await openHttp();
      expect(await call("POST", "/inputs", body)).toMatchObject({ http: 400, json: { status: { code: 11100 } } });
    },
  );

  it("accept camelCase in requests, and keep it in metadata", async () => {
    const { call, processed } = await openHttp();
    const input = { id: "a", datasetIds: ["train"], data: { text: { raw: "x" }, metadata: { camelCase: { aB: 1 } } } };
    await call("POST", "/inputs", { inputsAddJobId: "job", inputs: [input] });
    expect((await processed("a")).data.metadata).toEqual({ camelCase: { aB: 1 } });
    expect((await call("GET", "/datasets/train/inputs")).json.dataset_inputs).toHaveLength(1);
    expect((await call("GET", "/inputs/jobs/add/job")).json.inputs_add_job.progress).toEqual({ success_count: 1 });
  });

  it("have the code 11005 and HTTP 429 for requests over the rate limit", async () => {
    vi.useFakeTimers({ toFake: ["performance"] }); // Time stands still, so the emulator grants no further requests.
    onTestFinished(() => void vi.useRealTimers());
    const { call } = await openHttp({ requestsPerSecond: 2 });
    const answers = await Promise.all(Array.from({ length: 6 }, () => call("GET", "/inputs")));
    const refused = answers.filter(({ http }) => http !== 200);
    expect(refused).toHaveLength(4);
    for (const answer of refused) expect(answer).toMatchObject({ http: 429, json: { status: { code: 11005 } } });
  });
});
