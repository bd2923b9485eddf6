import { createHash, randomBytes } from "node:crypto";
import sharp from "sharp";
import { request } from "undici";
import { describe, expect, it, onTestFinished } from "vitest";
import { startEmulator } from "../../src/emulator/index.js";
import { batch, connect, download, flow, fromIterable, listInputs, upload } from "../../src/index.js";
import { exampleBytes, jpeg } from "../helpers/files.js";
import { type InputJson, note, openHttp, picture } from "../helpers/http.js";
import { temporaryFolder } from "../helpers/store.js";

const key = { authorization: "Key any" };

async function hosted() {
  const http = await openHttp();
  const image = await jpeg(64, 48);
  const [input] = await http.add(picture("a", image));
  return { ...http, image, url: input?.data.image?.url ?? "", input };
}

describe("hosted media", () => {
  it("are exactly the uploaded bytes, for every kind", async () => {
    const { add } = await openHttp();
    const sent = {
      image: exampleBytes("harbour/quay.jpg"),
      audio: exampleBytes("media/foghorn.wav"),
      video: exampleBytes("media/ferry.mp4"),
    };
    for (const [kind, bytes] of Object.entries(sent)) {
      const [input] = await add({ id: kind, data: { [kind]: { base64: bytes.toString("base64") } } });
      expect(input?.status).toEqual({ code: 30000, description: "Download complete" });
      const media = input?.data[kind as keyof typeof sent];
      expect(media?.hosted).toMatchObject({ crossorigin: "use-credentials" });
      const address = `${media?.hosted?.prefix}/orig/${media?.hosted?.suffix}`;
      expect(media?.url).toBe(address);
      const response = await fetch(address, { headers: key });
      expect(response.headers.get("content-type")).toMatch(`${kind}/`);
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    }
  });

  it("answer 404 without a key, and 401 with a wrong one", async () => {
    const data = temporaryFolder();
    const emulator = await startEmulator({ port: 0, data, pat: "right" });
    onTestFinished(() => emulator.close());
    const right = { authorization: "Key right" };
    const body = JSON.stringify({ inputs: [picture("a", await jpeg())] });
    const posted = await fetch(`${emulator.url}/v2/inputs`, { method: "POST", headers: right, body });
    const { inputs } = (await posted.json()) as { inputs: { data: { image: { url: string } } }[] };
    const url = inputs[0]?.data.image.url ?? "";
    expect((await fetch(url)).status).toBe(404);
    expect((await fetch(url, { headers: { authorization: "Key wrong" } })).status).toBe(401);
    expect((await fetch(url, { headers: { "x-clarifai-session-token": "right" } })).status).toBe(200);
    for (const name of ["x_clarifai_session_token", "x-clarifai-api-key"]) {
      expect((await fetch(url, { headers: { cookie: `theme=dark; ${name}=right` } })).status).toBe(200);
      expect((await fetch(url, { headers: { cookie: `${name}=wrong` } })).status).toBe(401);
    }
  });

  it("have the host name that the client uses", async () => {
    const { emulator, add } = await openHttp();
    await add(picture("a", await jpeg()));
    const hostedPrefix = async (host: string) => {
      const { body } = await request(`${emulator.url}/v2/inputs/a`, { headers: { ...key, host } });
      return ((await body.json()) as { input: InputJson }).input.data.image?.hosted?.prefix;
    };
    expect(await hostedPrefix("localhost:8080")).toBe("http://localhost:8080/media");
    expect(await hostedPrefix("[::1]:8080")).toBe("http://[::1]:8080/media");
  });

  it("are downloaded with the key if the server has another host name", async () => {
    const { emulator } = await openHttp();
    const app = await connect({ baseUrl: `http://localhost:${emulator.port}`, pat: "any" });
    onTestFinished(() => app.close());
    const folder = temporaryFolder();
    const inputs = fromIterable([{ id: "a", image: { bytes: await jpeg() } }]);
    await flow(inputs).pipe(batch(), upload(app)).run();
    const report = await flow(listInputs(app)).pipe(download(folder)).run();
    expect(report.counts).toMatchObject({ read: 1, ok: 1 });
  });

  it("are also served in smaller sizes if they are images", async () => {
    const { add } = await openHttp();
    const [input] = await add(picture("a", await jpeg(300, 200)));
    expect(input?.data.image?.hosted?.sizes).toEqual(["orig", "tiny", "small", "large"]);
    const url = input?.data.image?.url ?? "";
    for (const [size, width] of Object.entries({ tiny: 100, small: 300, large: 300 })) {
      const response = await fetch(url.replace("/orig/", `/${size}/`), { headers: key });
      expect(response.headers.get("content-type")).toBe("image/jpeg");
      expect(await sharp(Buffer.from(await response.arrayBuffer())).metadata()).toMatchObject({ width });
    }
    expect((await fetch(url.replace("/orig/", "/tiny/"))).status).toBe(404);
  });

  it("are found only under the address of their app, kind and content", async () => {
    const { url } = await hosted();
    const wrong = [
      url.replace("/orig/", "/huge/"),
      url.replace("/apps/main/", "/apps/other/"),
      url.replace("/users/me/", "/users/ann/"),
      url.replace("/inputs/image/", "/inputs/video/"),
      `${url.slice(0, -1)}${url.endsWith("0") ? "1" : "0"}`,
      url.replace(/[0-9a-f]{64}$/, "..%2F..%2Fstore.sqlite"),
    ];
    for (const address of wrong)
      expect([address, (await fetch(address, { headers: key })).status]).toEqual([address, 404]);
  });

  it.each([
    ["bytes=0-9", 0, 10],
    ["bytes=10-", 10, undefined],
    ["bytes=5-99999999", 5, undefined],
  ])("are sent as a range for %s", async (range, start, end) => {
    const { url, image } = await hosted();
    const response = await fetch(url, { headers: { ...key, range } });
    const part = image.subarray(start, end);
    expect(response.status).toBe(206);
    expect(response.headers.get("content-range")).toBe(`bytes ${start}-${start + part.length - 1}/${image.length}`);
    expect(Buffer.from(await response.arrayBuffer()).equals(part)).toBe(true);
  });

  it("have no range beyond their end, and answer HEAD with their size", async () => {
    const { url, image } = await hosted();
    expect((await fetch(url, { headers: { ...key, range: `bytes=${image.length}-` } })).status).toBe(416);
    const head = await fetch(url, { method: "HEAD", headers: key });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(image.length)]);
    expect((await head.arrayBuffer()).byteLength).toBe(0);
  });

  it("are sent with digest and ETag, and as a range only if the ETag matches", async () => {
    const { url, image } = await hosted();
    const digest = createHash("sha256").update(image);
    const etag = `"${digest.copy().digest("hex")}"`;
    const whole = await fetch(url, { headers: key });
    expect(whole.headers.get("etag")).toBe(etag);
    expect(whole.headers.get("repr-digest")).toBe(`sha-256=:${digest.digest("base64")}:`);
    const statusFor = async (tag: string) =>
      (await fetch(url, { headers: { ...key, range: "bytes=10-", "if-range": tag } })).status;
    expect(await statusFor(etag)).toBe(206);
    expect(await statusFor('"other"')).toBe(200);
  });

  it("are sent in full and as a range if they are large", async () => {
    const { add } = await openHttp();
    const bytes = Buffer.concat([exampleBytes("media/ferry.mp4"), randomBytes(700_000)]);
    const [input] = await add({ id: "v", data: { video: { base64: bytes.toString("base64") } } });
    const url = input?.data.video?.url ?? "";
    const get = async (headers: Record<string, string>) =>
      Buffer.from(await (await fetch(url, { headers: { ...key, ...headers } })).arrayBuffer());
    expect((await get({})).equals(bytes)).toBe(true);
    expect((await get({ range: "bytes=300000-" })).equals(bytes.subarray(300_000))).toBe(true);
  });

  it("are deleted with the last input that uses them", async () => {
    const { add, call, url, image, emulator } = await hosted();
    await add(picture("b", image));
    await call("DELETE", "/inputs/a");
    await expect.poll(() => emulator.stored().length).toBe(1);
    expect((await fetch(url, { headers: key })).status).toBe(200);
    await call("DELETE", "/inputs/b");
    await expect.poll(() => emulator.stored().length).toBe(0);
    expect((await fetch(url, { headers: key })).status).toBe(404);
  });
});

describe("text", () => {
  it("is stored as it was sent, and has no hosted address", async () => {
    const { add } = await openHttp();
    const raw = 'grüße \u2028 "quoted" \\ 😀\u0000 end';
    const [input] = await add({ id: "t", data: { text: { raw } } });
    expect(input?.data.text).toEqual({ raw, text_info: { char_count: [...raw].length, encoding: "UTF8" } });
  });

  it("has its info only when it is processed", async () => {
    const { call } = await openHttp({ processingDelayMs: 3_600_000 });
    const { json } = await call("POST", "/inputs", { inputs: [note("a")] });
    const listed = (await call("GET", "/inputs/a")).json.input;
    expect(json.inputs[0]?.data.text).toEqual({ raw: expect.any(String) as string });
    expect(listed.data.text).toEqual(json.inputs[0]?.data.text);
  });

  it("can be part of an input with an image", async () => {
    const { add } = await openHttp();
    const image = { base64: (await jpeg()).toString("base64") };
    const [input] = await add({ id: "mm", data: { image, text: { raw: "What is shown?" } } });
    expect(input?.status.code).toBe(30000);
    expect(input?.data).toMatchObject({
      image: { hosted: { crossorigin: "use-credentials" } },
      text: { raw: "What is shown?" },
    });
  });

  it("works in an app whose id needs encoding in addresses", async () => {
    const { call } = await openHttp();
    const app = `/v2/users/${encodeURIComponent("ann b")}/apps/${encodeURIComponent("a/ü")}`;
    await call("POST", `${app}/inputs`, { inputs: [picture("p", await jpeg()), note("n")] });
    await expect.poll(async () => (await call("GET", `${app}/inputs/status`)).json.counts.processed).toBe(2);
    const { input } = (await call("GET", `${app}/inputs/p`)).json;
    expect((await fetch(input.data.image?.url ?? "", { headers: key })).status).toBe(200);
  });
});
