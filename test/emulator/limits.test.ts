import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { request } from "undici";
import { describe, expect, it } from "vitest";
import { MB } from "../../src/clarifai/limits.js";
import { type Envelope, type Http, note, openHttp, picture } from "../helpers/http.js";

/** Yields the base64 of `length` zero bytes in chunks. `length` must be a multiple of 3. */
function* zeros(length: number): Generator<string> {
  const piece = "A".repeat(1_000_000);
  for (let left = (length / 3) * 4; left > 0; left -= piece.length) yield piece.slice(0, left);
}

/** Posts a body in chunks, so that it is never in memory as a whole. */
async function stream({ emulator }: Http, pieces: () => Iterable<string>): Promise<{ http: number; json: Envelope }> {
  const { statusCode, body } = await request(`${emulator.url}/v2/users/me/apps/main/inputs`, {
    method: "POST",
    headers: { authorization: "Key any" },
    body: Readable.from(pieces(), { objectMode: false }),
  });
  return { http: statusCode, json: (await body.json()) as Envelope };
}

/** Makes a PNG of a header and an end only, because the emulator reads only the size of the image. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(45);
  header.write("\x89PNG\r\n\x1a\n", "latin1");
  header.writeUInt32BE(13, 8);
  header.write("IHDR", 12);
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  header.set([8, 2], 24);
  header.write("IEND", 37);
  return header;
}

describe("the limits of a request", () => {
  it("accept 128 inputs, and refuse all of 129", async () => {
    const { call, emulator } = await openHttp();
    const inputs = Array.from({ length: 129 }, (_, n) => note(`n${n}`));
    const tooMany = await call("POST", "/inputs", { inputs });
    expect(tooMany).toMatchObject({ http: 400, json: { status: { code: 39999 } } });
    expect(emulator.stored()).toEqual([]);
    const { json } = await call("POST", "/inputs", { inputs: inputs.slice(1) });
    expect(json.inputs).toHaveLength(128);
    expect(emulator.stored()).toHaveLength(128);
  });

  it.each([{}, { inputs: [] }, { inputs: null }])("refuse %j as empty", async (body) => {
    const { call } = await openHttp();
    expect(await call("POST", "/inputs", body)).toMatchObject({ http: 400, json: { status: { code: 11102 } } });
  });

  it("accept a single video, and refuse a video with other inputs", async () => {
    const { call, emulator } = await openHttp();
    const video = (id: string) => ({ id, data: { video: { base64: "AAAAIGZ0eXA=" } } });
    for (const other of [video("w"), note("n")]) {
      const answer = await call("POST", "/inputs", { inputs: [video("v"), other] });
      expect(answer).toMatchObject({ http: 400, json: { status: { code: 39999 } } });
    }
    expect(emulator.stored()).toEqual([]);
    expect((await call("POST", "/inputs", { inputs: [video("v")] })).json.status.code).toBe(10000);
  });

  it("refuse 129 ids to delete, annotations or patches, and change nothing", async () => {
    const { call, add, emulator } = await openHttp();
    await add(note("a"));
    const ids = ["a", ...Array.from({ length: 128 }, (_, n) => `n${n}`)];
    const annotations = ids.map((id) => ({ id, input_id: "a", data: { concepts: [{ id: "x" }] } }));
    const patches = ids.map((id) => ({ id, data: { metadata: { a: 1 } } }));
    expect(await call("DELETE", "/inputs", { ids })).toMatchObject({ http: 400, json: { status: { code: 11102 } } });
    expect((await call("DELETE", "/inputs", { ids: [] })).json.status.code).toBe(11102);
    expect((await call("POST", "/annotations", { annotations })).http).toBe(400);
    expect((await call("PATCH", "/annotations", { action: "merge", annotations })).http).toBe(400);
    expect((await call("PATCH", "/inputs", { action: "merge", inputs: patches })).http).toBe(400);
    expect((await call("DELETE", "/inputs/annotations", { input_ids: ids })).http).toBe(400);
    expect((await call("GET", "/annotations")).json.annotations).toMatchObject([{ input_id: "a", input_level: true }]);
    expect(emulator.stored()).toMatchObject([{ id: "a", metadata: {} }]);
    expect((await call("POST", "/annotations", { annotations: annotations.slice(1) })).json.status.code).toBe(10000);
    expect((await call("DELETE", "/inputs", { ids: ids.slice(1) })).json.status.code).toBe(10000);
  });

  it.each(["per_page=1001", "per_page=-1", "per_page=1.5", "page=-1"])("refuse a listing with %s", async (query) => {
    const { call } = await openHttp();
    for (const path of ["/inputs", "/inputs/stream", "/annotations", "/concepts", "/datasets"]) {
      if (path === "/inputs/stream" && query.startsWith("page")) continue;
      const { http, json } = await call("GET", `${path}?${query}`);
      expect([path, http, json.status.code]).toEqual([path, 400, 11102]);
    }
    expect((await call("GET", "/inputs?per_page=1000")).http).toBe(200);
  });

  it("refuse a body of 128 MB with 413, and answer before it has arrived", async () => {
    const http = await openHttp();
    const text = await stream(http, function* () {
      yield '{"inputs":[{"id":"a","data":{"text":{"raw":"';
      for (let n = 0; n < 128; n += 1) yield "x".repeat(1_000_000);
      yield '"}}}]}';
    });
    expect(text).toMatchObject({ http: 413, json: { status: { code: 40033 } } });
    const images = await stream(http, function* () {
      yield '{"inputs":[';
      for (let n = 0; n < 7; n += 1) {
        yield `${n === 0 ? "" : ","}{"id":"i${n}","data":{"image":{"base64":"`;
        yield* zeros(15 * MB);
        yield '"}}}';
      }
      yield "]}";
    });
    expect(images).toMatchObject({ http: 413, json: { status: { code: 40033 } } });
    expect(http.emulator.stored()).toEqual([]);
    expect(readdirSync(join(http.folder, "incoming"))).toEqual([]);
    expect(
      readdirSync(join(http.folder, "media"), { recursive: true }).filter((name) => String(name).length > 60),
    ).toEqual([]);
  });

  it("refuse a body at once if its content-length is over the limit", async () => {
    const http = await openHttp();
    const abort = new AbortController();
    const body = new Readable({ read: () => undefined });
    body.push("{");
    const response = await request(`${http.emulator.url}/v2/users/me/apps/main/inputs`, {
      method: "POST",
      headers: { authorization: "Key any", "content-length": String(180 * MB) },
      signal: abort.signal,
      body,
    });
    expect(response.statusCode).toBe(413);
    response.body.on("error", () => undefined);
    abort.abort();
  });
});

describe("the limits of an input", () => {
  it("accept an id of 48 characters, and refuse one of 49", async () => {
    const { call } = await openHttp();
    const { json } = await call("POST", "/inputs", { inputs: [note("x".repeat(48)), note("y".repeat(49))] });
    expect(json.status.code).toBe(10010);
    expect(json.inputs.map((input) => input.status.code)).toEqual([30001, 39999]);
    expect(json.inputs[1]?.status.details).toBe("id must be between 1 and 48 characters long");
  });

  it("create an id for an input without one", async () => {
    const { call } = await openHttp();
    const { json } = await call("POST", "/inputs", { inputs: [{ data: { text: { raw: "x" } } }, note("")] });
    for (const input of json.inputs) expect(input.id).toMatch(/^[0-9a-f]{32}$/);
    expect(json.inputs[0]?.id).not.toBe(json.inputs[1]?.id);
  });

  it("refuse an image and a text of 20 MB, and accept one byte less", async () => {
    const http = await openHttp();
    const { json } = await stream(http, function* () {
      yield '{"inputs":[{"id":"full","data":{"image":{"base64":"';
      yield* zeros(20 * MB - 2);
      yield 'AAA="}}},{"id":"less","data":{"image":{"base64":"';
      yield* zeros(20 * MB - 2);
      yield 'AA=="}}},';
      yield `{"id":"long","data":{"text":{"raw":"${"é".repeat(10 * MB)}"}}},`;
      yield `{"id":"short","data":{"text":{"raw":"${"é".repeat(10 * MB - 1)}x"}}}]}`;
    });
    expect(json.inputs.map(({ id, status }) => [id, status.code])).toEqual([
      ["full", 30105],
      ["less", 30001],
      ["long", 30105],
      ["short", 30001],
    ]);
    const kept = readdirSync(join(http.folder, "media"), { recursive: true }).filter(
      (name) => String(name).length > 60,
    );
    expect(kept).toHaveLength(1);
  });

  it("accept 85 megapixels, and refuse one more row", async () => {
    const { add } = await openHttp();
    const inputs = await add(picture("full", pngHeader(10_000, 8500)), picture("more", pngHeader(10_000, 8501)));
    expect(inputs.map((input) => input.status.code)).toEqual([30000, 30105]);
    expect(inputs[1]?.status.details).toContain("85.01 megapixels; the limit is 85");
  });

  it.each([
    ["both url and base64", { image: { url: "http://a.example/", base64: "AAAA" } }, 30104],
    ["both url and raw", { text: { url: "http://a.example/", raw: "x" } }, 30104],
    ["neither url nor base64", { image: {} }, 30104],
    ["no medium", { concepts: [{ id: "x" }] }, 30104],
    ["two media that cannot be combined", { image: { base64: "AAAA" }, audio: { base64: "AAAA" } }, 30104],
    ["a URL that cannot be fetched", { image: { url: "ftp://a.example/x" } }, 30106],
    ["a latitude of 91", { text: { raw: "x" }, geo: { geo_point: { longitude: 0, latitude: 91 } } }, 30104],
    ["a concept without an id", { text: { raw: "x" }, concepts: [{ value: 1 }] }, 40003],
  ])("refuse %s and accept the other inputs", async (_, data, code) => {
    const { call, emulator } = await openHttp();
    const { http, json } = await call("POST", "/inputs", { inputs: [{ id: "bad", data }, note("good")] });
    expect([http, json.status.code]).toEqual([200, 10010]);
    expect(json.inputs.map((input) => [input.id, input.status.code])).toEqual([
      ["bad", code],
      ["good", 30001],
    ]);
    expect(emulator.stored().map((input) => input.id)).toEqual(["good"]);
    const alone = await call("POST", "/inputs", { inputs: [{ id: "bad", data }] });
    expect(alone).toMatchObject({ http: 400, json: { status: { code: 10020 } } });
  });

  it("round numbers to 32 bits, in their shortest form", async () => {
    const { add } = await openHttp();
    const concepts = [{ id: "a", value: 0.1234567891 }, { id: "b" }, { id: "c", value: 0 }];
    const geo = { geo_point: { longitude: 4.480000001, latitude: 51.92 } };
    const [input] = await add(note("a", { concepts, geo }));
    expect(input?.data.concepts?.map((concept) => concept.value)).toEqual([0.12345679, 1, 0]);
    expect(input?.data.geo).toEqual({ geo_point: { longitude: 4.48, latitude: 51.92 } });
  });
});
