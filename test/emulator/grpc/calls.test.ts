import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { startEmulator } from "../../../src/emulator/index.js";
import { jpeg } from "../../helpers/files.js";
import { app, openGrpc } from "../../helpers/grpc.js";
import { callRaw, framed, frameOf, openSession, seenOf, startCall } from "../../helpers/grpc-wire.js";
import { temporaryFolder } from "../../helpers/store.js";

const note = (id: string) => ({ id, data: { text: { raw: `text of ${id}` } } });

describe("the key of a call", () => {
  it.each([
    [{}, 11_102, "missing"],
    [{ authorization: "right" }, 11_102, "malformed"],
    [{ authorization: "Key wrong" }, 11_009, "invalid key"],
    [{ "x-clarifai-session-token": "wrong" }, 11_009, "invalid key"],
  ])("is refused in the answer for the metadata %j", async (headers, code, details) => {
    const { call, emulator } = await openGrpc({ pat: "right" });
    const answer = await call("PostInputs", { user_app_id: app, inputs: [note("a")] }, headers);
    expect(answer.status).toMatchObject({ code, details: expect.stringContaining(details) });
    expect(emulator.stored()).toEqual([]);
  });

  it("gives access, with a prefix for the ids of requests, and is not needed for status codes", async () => {
    const { call } = await openGrpc({ pat: "right" });
    const headers = { authorization: "Key right", "x-clarifai-request-id-prefix": "sdk-1" };
    const { status } = await call("ListInputs", { user_app_id: app }, headers);
    expect(status).toMatchObject({ code: 10_000, req_id: expect.stringMatching(/^sdk-1-[0-9a-f]{32}$/) });
    const one = await call("GetStatusCode", { status_code_id: "30100" }, {});
    expect(one.status).toMatchObject({ code: 30_100, description: "Input duplicate" });
  });

  it("of an app is not enough for another app, and for the calls of users", async () => {
    const { call } = await openGrpc({ pat: "right", appKeys: { small: { userId: "ann", appId: "demo" } } });
    const headers = { authorization: "Key small" };
    expect((await call("ListInputs", {}, headers)).status.code).toBe(10_000);
    expect((await call("ListInputs", { user_app_id: app }, headers)).status.code).toBe(11_008);
    expect((await call("ListApps", { user_app_id: { user_id: "ann" } }, headers)).status.code).toBe(11_007);
  });
});

describe("calls", () => {
  it("list, get, patch and delete inputs", async () => {
    const { call, add } = await openGrpc();
    await add(note("a"), note("b"), note("c"));
    const page = await call("ListInputs", { user_app_id: app, page: 2, per_page: 2 });
    expect(page.inputs.map(({ id }) => id)).toEqual(["a"]);
    const stream = await call("StreamInputs", { user_app_id: app, per_page: 2, last_id: "a" });
    expect(stream.inputs.map(({ id }) => id)).toEqual(["b", "c"]);
    expect((await call("GetInputCount")).counts).toMatchObject({ processed: 3, errors: 0 });
    const patch = { id: "b", data: { concepts: [{ id: "sea", value: 0 }] } };
    const patched = await call("PatchInputs", { user_app_id: app, inputs: [patch], action: "merge" });
    expect(patched.inputs[0]?.status.code).toBe(30_200);
    expect((await call("GetInput", { user_app_id: app, input_id: "b" })).input.data.concepts).toMatchObject([
      { id: "sea", value: 0 },
    ]);
    await call("DeleteInput", { user_app_id: app, input_id: "b" });
    expect((await call("DeleteInputs", { user_app_id: app, ids: ["c"] })).status.code).toBe(10_000);
    await vi.waitFor(async () => expect((await call("ListInputs")).inputs.map(({ id }) => id)).toEqual(["a"]));
    expect((await call("GetInput", { user_app_id: app, input_id: "b" })).status.code).toBe(11_101);
    expect((await call("GetInput", { user_app_id: app })).status.code).toBe(11_102);
    expect((await call("ListInputs", { user_app_id: app, per_page: 1001 })).status.code).toBe(11_102);
  });

  it("post, patch and delete annotations", async () => {
    const { call, add } = await openGrpc();
    await add({ id: "a", data: { image: { base64: await jpeg() } } });
    const box = { top_row: 0.1, left_col: 0.1, bottom_row: 0.9, right_col: 0.8 };
    const region = { region_info: { bounding_box: box }, data: { concepts: [{ id: "boat", value: 1 }] } };
    const annotations = [{ id: "box", input_id: "a", data: { regions: [region] } }];
    const posted = await call("PostAnnotations", { user_app_id: app, annotations });
    expect(posted.annotations[0]?.status.code).toBe(24_150);
    const listed = await call("ListAnnotations", { user_app_id: app, input_ids: ["a"] });
    expect(listed.annotations).toHaveLength(2);
    const bounds = listed.annotations.find(({ id }) => id === "box")?.data.regions?.[0]?.region_info?.bounding_box;
    expect(bounds).toMatchObject({ top_row: expect.closeTo(0.1), bottom_row: expect.closeTo(0.9) });
    await call("DeleteAnnotations", { user_app_id: app, input_ids: ["a"], ids: ["box"] });
    const rest = await call("ListAnnotations", { user_app_id: app, input_ids: ["a"] });
    expect(rest.annotations).toMatchObject([{ input_level: true }]);
  });

  it("work on concepts, datasets, jobs, searches and apps", async () => {
    const { call, add } = await openGrpc();
    await call("PostConcepts", { user_app_id: app, concepts: [{ id: "boat", name: "Boat" }] });
    await call("PatchConcepts", { user_app_id: app, concepts: [{ id: "boat", name: "Ship" }], action: "overwrite" });
    expect((await call("GetConcept", { user_app_id: app, concept_id: "boat" })).concept.name).toBe("Ship");
    await call("PostDatasets", { user_app_id: app, datasets: [{ id: "train", description: "first" }] });
    await add(note("a"));
    const members = [{ input: { id: "a" } }];
    await call("PostDatasetInputs", { user_app_id: app, dataset_id: "train", dataset_inputs: members });
    const dataset = await call("GetDataset", { user_app_id: app, dataset_id: "train" });
    expect(dataset.dataset).toMatchObject({ id: "train", description: "first" });
    expect((await call("ListDatasets", { user_app_id: { user_id: "me" } })).datasets).toHaveLength(1);
    await call("PostInputs", { user_app_id: app, inputs: [note("b")], inputs_add_job_id: "job" });
    const job = await call("GetInputsAddJob", { user_app_id: app, id: "job" });
    expect(job.inputs_add_job).toMatchObject({ id: "job" });
    const searches = [{ query: { filters: [{ input: { dataset_ids: ["train"] } }] } }];
    const { hits } = await call("PostInputsSearches", { user_app_id: app, searches });
    expect(hits.map(({ input }) => input.id)).toEqual(["a"]);
    const { status } = await call("GetUser", { user_app_id: { user_id: "me" } });
    expect(status.code).toBe(10_000);
  });

  it("have the status UNIMPLEMENTED if the emulator does not have the method", async () => {
    const { call } = await openGrpc();
    await expect(call("PostModelOutputs", { user_app_id: app })).rejects.toMatchObject({
      code: 12,
      details: "the emulator does not have the method /clarifai.api.V2/PostModelOutputs",
    });
  });

  it("are refused above the rate, together with the requests of REST", async () => {
    const { call, emulator } = await openGrpc({ requestsPerSecond: 1 });
    await fetch(`${emulator.url}/v2/inputs`, { headers: { authorization: "Key any" } });
    expect((await call("ListInputs")).status).toMatchObject({ code: 11_005 });
  });
});

describe("the messages of calls", () => {
  const post = "/clarifai.api.V2/PostInputs";

  it("have a limit, which is checked before they arrive", async () => {
    const { emulator } = await openGrpc();
    const stream = startCall(openSession(emulator.grpcUrl ?? ""), post);
    const seen = seenOf(stream);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(129_000_001, 1);
    stream.end(prefix);
    expect((await seen).headers).toMatchObject({
      "grpc-status": "8",
      "grpc-message": "the message has 129000001 bytes; the limit is 129000000",
    });
  });

  it("may have a video just below the limit, and other inputs only below the limit of a request", async () => {
    const { call, emulator } = await openGrpc();
    const ofBytes = (bytes: number) => ({ base64: Buffer.alloc(bytes, 1) });
    const video = { user_app_id: app, inputs: [{ id: "v", data: { video: ofBytes(127_999_999) } }] };
    expect((await call("PostInputs", video)).inputs[0]?.status.code).toBe(30_001);
    const audio = Array.from({ length: 7 }, (_, index) => ({ id: `a${index}`, data: { audio: ofBytes(18_300_000) } }));
    expect((await call("PostInputs", { user_app_id: app, inputs: audio })).status.code).toBe(40_033);
    expect(emulator.stored().map(({ id, sizeBytes }) => [id, sizeBytes])).toEqual([["v", 127_999_999]]);
  });

  it.each([
    ["no message", Buffer.alloc(0), "13", "no message"],
    ["a compressed message", Buffer.from([1, 0, 0, 0, 0]), "12", "compressed"],
    ["half a message", Buffer.from([0, 0, 0, 0, 9, 10]), "13", "ends within a message"],
    ["two messages", Buffer.concat([frameOf(Buffer.alloc(0)), frameOf(Buffer.alloc(0))]), "12", "more than one"],
    ["no protobuf", frameOf(Buffer.from("{}")), "13", "not valid protobuf"],
    ["no text", frameOf(Buffer.from([0x1a, 2, 0xff, 0xfe])), "13", "not a valid clarifai.api.PostInputsRequest"],
  ])("are refused: %s", async (_, bytes, status, text) => {
    const { emulator } = await openGrpc();
    const stream = startCall(openSession(emulator.grpcUrl ?? ""), post);
    const seen = seenOf(stream);
    stream.end(bytes);
    const { headers } = await seen;
    expect(headers?.["grpc-status"]).toBe(status);
    expect(headers?.["grpc-message"]).toContain(text);
  });

  it("have a limit for the number of their values", async () => {
    const { emulator } = await openGrpc();
    const nulls = delimited(6, Buffer.alloc(1_000_001 * 4, Buffer.from([0x0a, 2, 8, 0]))); // A list of the value null.
    const entry = Buffer.concat([delimited(1, Buffer.from("many")), delimited(2, nulls)]);
    const dataset = Buffer.concat([delimited(1, Buffer.from("a")), delimited(8, delimited(1, entry))]);
    const stream = startCall(openSession(emulator.grpcUrl ?? ""), "/clarifai.api.V2/PostDatasets");
    const seen = seenOf(stream);
    stream.end(frameOf(delimited(2, dataset)));
    expect((await seen).body.toString("latin1")).toContain("the message has more than 1000000 values");
  });

  it("leave no file if the client cancels the call while it sends", async () => {
    const data = temporaryFolder();
    const { emulator } = await openGrpc({ data });
    const files = () => ["incoming", "media"].flatMap((folder) => readdirSync(join(data, folder)));
    const stream = startCall(openSession(emulator.grpcUrl ?? ""), post);
    const video = { base64: Buffer.alloc(3_000_000, 1) };
    const message = framed("PostInputs", { user_app_id: app, inputs: [{ id: "v", data: { video } }] });
    stream.write(message.subarray(0, 1_000_000));
    await vi.waitFor(() => expect(files()).toHaveLength(1));
    stream.close(8);
    await vi.waitFor(() => expect(files()).toEqual([]));
    expect(emulator.stored()).toEqual([]);
  });

  it("of pages of other sites, and of other protocols, are refused", async () => {
    const { emulator } = await openGrpc();
    const session = openSession(emulator.grpcUrl ?? "");
    const request = { user_app_id: app };
    const foreign = await callRaw(session, "ListInputs", request, { origin: "https://other.example" });
    expect(foreign.headers?.["grpc-status"]).toBe("7");
    const json = await callRaw(session, "ListInputs", request, { "content-type": "application/json" });
    expect(json.headers?.[":status"]).toBe(415);
  });
});

describe("the gRPC server", () => {
  it("fails to start on a port that is in use, and leaves the data folder usable", async () => {
    const { emulator } = await openGrpc();
    const data = temporaryFolder();
    const grpcPort = Number(new URL(emulator.grpcUrl ?? "").port);
    await expect(startEmulator({ data, grpcPort })).rejects.toMatchObject({ code: "ERR_STORE_ADDRESS" });
    const other = await startEmulator({ data });
    expect(other.grpcUrl).toBeUndefined();
    await other.close();
  });

  it("closes while a client keeps its connection and a call open", async () => {
    const emulator = await startEmulator({ grpcPort: 0 });
    const session = openSession(emulator.grpcUrl ?? "");
    const stream = startCall(session, "/clarifai.api.V2/PostInputs");
    stream.write(Buffer.alloc(3));
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    await emulator.close();
    await vi.waitFor(() => expect(session.destroyed).toBe(true));
  });
});

/** Encodes a field of protobuf that has bytes. */
function delimited(number: number, bytes: Buffer): Buffer {
  const head = [number * 8 + 2];
  let length = bytes.length;
  for (; length >= 128; length >>= 7) head.push((length % 128) + 128);
  return Buffer.concat([Buffer.from([...head, length]), bytes]);
}
