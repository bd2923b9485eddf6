import { once } from "node:events";
import { constants } from "node:http2";
import { describe, expect, it } from "vitest";
import type { Fault } from "../../../src/emulator/server/faults.js";
import { app, openGrpc } from "../../helpers/grpc.js";
import { callRaw, framed, openSession, seenOf, startCall } from "../../helpers/grpc-wire.js";

const note = { user_app_id: app, inputs: [{ id: "a", data: { text: { raw: "calm sea" } } }] };
const listing = { user_app_id: app };

/** Opens an emulator whose next PostInputs has the fault. */
async function openFaulty(fault: Fault) {
  const opened = await openGrpc({ faults: [{ path: "/inputs", method: "POST", times: 1, fault }] });
  const session = openSession(opened.emulator.grpcUrl ?? "");
  const stored = () => opened.emulator.stored().map(({ id }) => id);
  return { ...opened, session, stored };
}

describe("a fault of gRPC", () => {
  it("ends a call with a status, and does not carry it out", async () => {
    const { session, stored } = await openFaulty({ type: "grpc-status", code: 14, details: "try later: 5 %" });
    const { headers, trailers } = await callRaw(session, "PostInputs", note);
    expect(headers).toMatchObject({ "grpc-status": "14", "grpc-message": "try later: 5 %25" });
    expect(trailers).toBeUndefined();
    expect(stored()).toEqual([]);
  });

  it("refuses a stream, and serves the next one of the connection", async () => {
    const { session, stored } = await openFaulty({ type: "refused-stream" });
    expect(await callRaw(session, "PostInputs", note)).toMatchObject({
      headers: undefined,
      reset: constants.NGHTTP2_REFUSED_STREAM,
    });
    expect(stored()).toEqual([]);
    expect((await callRaw(session, "PostInputs", note)).trailers).toMatchObject({ "grpc-status": "0" });
    expect(stored()).toEqual(["a"]);
  });

  it("resets a call after some of its bytes, and does not carry it out", async () => {
    const { session, stored } = await openFaulty({ type: "reset", afterBytes: 100_000 });
    const stream = startCall(session, "/clarifai.api.V2/PostInputs");
    const seen = seenOf(stream);
    const video = { base64: Buffer.alloc(5_000_000) };
    stream.write(framed("PostInputs", { user_app_id: app, inputs: [{ id: "v", data: { video } }] }));
    expect((await seen).reset).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    expect(stored()).toEqual([]);
  });

  it("resets a call after it was carried out", async () => {
    const { session, stored } = await openFaulty({ type: "reset" });
    expect(await callRaw(session, "PostInputs", note)).toMatchObject({
      headers: undefined,
      reset: constants.NGHTTP2_INTERNAL_ERROR,
    });
    expect(stored()).toEqual(["a"]);
  });

  it("answers without a status", async () => {
    const { session, stored } = await openFaulty({ type: "no-trailers" });
    const seen = await callRaw(session, "PostInputs", note);
    expect(seen).toMatchObject({ headers: { ":status": 200 }, trailers: undefined, reset: 0 });
    expect(seen.headers).not.toHaveProperty("grpc-status");
    expect(seen.body.length).toBeGreaterThan(5);
    expect(stored()).toEqual(["a"]);
  });

  it("closes the connection before a call, so that the client knows that it was not carried out", async () => {
    const { session, stored } = await openFaulty({ type: "goaway", when: "before" });
    await callRaw(session, "ListInputs", listing);
    const goaway = once(session, "goaway");
    const seen = await callRaw(session, "PostInputs", note);
    expect(seen).toMatchObject({ headers: undefined, reset: constants.NGHTTP2_REFUSED_STREAM });
    // The identifier of the last stream that was processed is that of the listing.
    expect((await goaway).slice(0, 2)).toEqual([constants.NGHTTP2_NO_ERROR, 1]);
    expect(stored()).toEqual([]);
  });

  it("refuses also the first call of a connection, and those that follow it", async () => {
    const { session, stored } = await openFaulty({ type: "goaway", when: "before" });
    const seen = await Promise.all([callRaw(session, "PostInputs", note), callRaw(session, "PostInputs", note)]);
    expect(seen.map(({ headers, reset }) => [headers, reset])).toEqual([
      [undefined, constants.NGHTTP2_REFUSED_STREAM],
      [undefined, constants.NGHTTP2_REFUSED_STREAM],
    ]);
    expect(stored()).toEqual([]);
  });

  it("closes the connection with an error during a call", async () => {
    const { session, stored } = await openFaulty({ type: "goaway", when: "during" });
    const goaway = once(session, "goaway");
    const seen = await callRaw(session, "PostInputs", note);
    expect(seen).toMatchObject({ headers: undefined, trailers: undefined });
    expect((await goaway)[0]).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    expect(stored()).toEqual([]);
  });

  it("closes the connection after a call, which is answered", async () => {
    const { session, stored, call } = await openFaulty({ type: "goaway", when: "after" });
    const goaway = once(session, "goaway");
    expect((await callRaw(session, "PostInputs", note)).trailers).toMatchObject({ "grpc-status": "0" });
    expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
    expect(stored()).toEqual(["a"]);
    expect((await call("ListInputs")).inputs).toHaveLength(1); // The vendor's client has another connection.
  });

  it("never opens the window of a call, and serves other calls of the connection", async () => {
    const { session, stored } = await openFaulty({ type: "closed-window" });
    const stream = startCall(session, "/clarifai.api.V2/PostInputs");
    const seen = seenOf(stream);
    const video = { base64: Buffer.alloc(5_000_000) };
    let isSent = false;
    stream.end(framed("PostInputs", { user_app_id: app, inputs: [{ id: "v", data: { video } }] }), () => {
      isSent = true;
    });
    expect((await callRaw(session, "ListInputs", listing)).trailers).toMatchObject({ "grpc-status": "0" });
    expect(isSent).toBe(false);
    stream.close(constants.NGHTTP2_CANCEL);
    expect((await seen).headers).toBeUndefined();
    expect(stored()).toEqual([]);
  });

  it("does not happen to requests of REST, and is not counted there", async () => {
    const { emulator, session } = await openFaulty({ type: "refused-stream" });
    const body = JSON.stringify({ inputs: note.inputs });
    const answer = await fetch(`${emulator.url}/v2/inputs`, {
      method: "POST",
      headers: { authorization: "Key any" },
      body,
    });
    expect([answer.status, emulator.faults.happened]).toEqual([200, 0]);
    await callRaw(session, "PostInputs", note);
    expect(emulator.faults.happenedByType).toEqual({ "refused-stream": 1 });
  });
});

describe("a fault of both wires", () => {
  it.each([
    [{ type: "throttle", retryAfterSeconds: 3 }, 11_005],
    [{ type: "status", http: 503, code: 98_004 }, 98_004],
    [{ type: "storage-full" }, 98_013],
  ] satisfies [Fault, number][])("%j answers its code over gRPC", async (fault, code) => {
    const { call, session, stored, emulator } = await openFaulty(fault);
    if (fault.type !== "throttle") expect((await call("PostInputs", note)).status.code).toBe(code);
    else expect((await callRaw(session, "PostInputs", note)).headers).toMatchObject({ "retry-after": "3" });
    expect([stored(), emulator.faults.happened]).toEqual([[], 1]);
  });

  it.each([
    [{ type: "cut", when: "before" }, []],
    [{ type: "cut", when: "during" }, []],
    [{ type: "cut", when: "after" }, ["a"]],
  ] satisfies [Fault, string[]][])("%j cuts the connection over gRPC", async (fault, expected) => {
    const { session, stored } = await openFaulty(fault);
    const closed = once(session, "close");
    expect(await callRaw(session, "PostInputs", note)).toMatchObject({ headers: undefined, trailers: undefined });
    await closed;
    expect(stored()).toEqual(expected);
  });

  it("answers what is no gRPC, and cuts an answer off", async () => {
    const { emulator, session, stored } = await openFaulty({ type: "garbage" });
    const garbage = await callRaw(session, "PostInputs", note);
    expect(garbage.headers).toMatchObject({ "content-type": "text/html" });
    emulator.faults.add({ method: "GET", times: 1, fault: { type: "truncated" } });
    const cut = await callRaw(session, "ListInputs", listing);
    expect(cut.trailers).toBeUndefined();
    expect(cut.body.length).toBeLessThan(5 + cut.body.readUInt32BE(1));
    expect(stored()).toEqual(["a"]);
  });

  it("carries a call out twice, refuses a share of its inputs, and sends an answer slowly", async () => {
    const { emulator, call, stored } = await openFaulty({ type: "twice" });
    expect((await call("PostInputs", note)).inputs[0]?.status.code).toBe(30_100);
    emulator.faults.add({ path: "PostInputs", times: 1, fault: { type: "mixed", share: 1, code: 30_106 } });
    const other = { user_app_id: app, inputs: [{ id: "b", data: { text: { raw: "x" } } }] };
    expect((await call("PostInputs", other)).inputs[0]?.status.code).toBe(30_106);
    emulator.faults.add({ method: "GET", times: 1, fault: { type: "slow-bytes", ms: 8 } });
    emulator.faults.add({ method: "GET", times: 1, fault: { type: "slow", ms: 8 } });
    expect((await call("ListInputs")).inputs.map(({ id }) => id)).toEqual(["a"]);
    expect(emulator.faults.happenedByType).toMatchObject({ twice: 1, mixed: 1, "slow-bytes": 1, slow: 1 });
    expect(stored()).toEqual(["a"]);
  });
});
