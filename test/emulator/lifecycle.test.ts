import sharp from "sharp";
import { describe, expect, it, vi } from "vitest";
import { startEmulator } from "../../src/emulator/index.js";
import { exampleBytes, jpeg } from "../helpers/files.js";
import { type Http, note, openHttp, picture } from "../helpers/http.js";
import { temporaryFolder } from "../helpers/store.js";
import { startWeb } from "../helpers/web.js";

const later = 3_600_000;

function until(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { interval: 3, timeout: 20_000 });
}

async function jobOf({ call }: Http, id: string) {
  return (await call("GET", `/inputs/jobs/add/${id}`)).json.inputs_add_job;
}

/** Posts inputs and returns their statuses. */
async function post({ call }: Http, inputs: unknown[], more = {}): Promise<[string, number][]> {
  const { json } = await call("POST", "/inputs", { inputs, ...more });
  return json.inputs.map((input) => [input.id, input.status.code]);
}

describe("processing", () => {
  it("starts as pending with an unknown format, and ends as processed", async () => {
    const { call, processed } = await openHttp();
    const { json } = await call("POST", "/inputs", { inputs: [picture("a", await jpeg(32, 24))] });
    expect(json.status).toMatchObject({ code: 10000, details: "All inputs successfully added" });
    expect(json.inputs[0]).toMatchObject({
      status: { code: 30001, description: "Download pending" },
      data: { image: { image_info: { format: "UnknownImageFormat", color_mode: "UnknownColorMode" } } },
    });
    expect(json.inputs[0]?.data.image).not.toHaveProperty("base64");
    const input = await processed("a");
    expect(input.status).toEqual({ code: 30000, description: "Download complete" });
    expect(input.data.image).toMatchObject({ image_info: { width: 32, height: 24, format: "JPEG" } });
    expect(input.data.image?.url).toContain("/media/orig/users/me/apps/main/inputs/image/");
  });

  it.each(["jpeg", "png", "webp", "gif", "tiff"] as const)(
    "fails a %s that is cut off or has other content",
    async (format) => {
      const { add } = await openHttp();
      const noise = Buffer.from(Array.from({ length: 64 * 48 * 3 }, (_, n) => (n * n * 31) & 255));
      const whole = await sharp(noise, { raw: { width: 64, height: 48, channels: 3 } })
        .toFormat(format)
        .toBuffer();
      const cut = whole.subarray(0, Math.floor(whole.length * 0.6));
      const header = whole.subarray(0, 16);
      const inputs = await add(picture("whole", whole), picture("cut", cut), picture("header", header));
      expect(inputs.map((input) => input.status.code)).toEqual([30000, 30002, 30002]);
    },
  );

  it("fails for bytes of no known kind, of another kind, and of a format that is not supported", async () => {
    const { add } = await openHttp();
    const icon = Buffer.concat([
      Buffer.from("0000010001001010000001002000280000001600000000", "hex"),
      Buffer.alloc(60),
    ]);
    const wave = { id: "wave", data: { image: { base64: exampleBytes("media/foghorn.wav").toString("base64") } } };
    const inputs = await add(picture("noise", Buffer.from("00112233".repeat(20), "hex")), wave, picture("icon", icon));
    expect(inputs.map((input) => input.status.code)).toEqual([30002, 30002, 30101]);
    expect(inputs[1]?.status.details).toContain("audio/wav, not image");
  });

  it("counts waiting, processed and failed inputs", async () => {
    const http = await openHttp({ processingDelayMs: later });
    await post(http, [note("a"), note("b")]);
    expect((await http.call("GET", "/inputs/status")).json.counts).toEqual({
      ...{ processed: 0, to_process: 2, errors: 0, processing: 0 },
      ...{ reindexed: 0, to_reindex: 0, reindex_errors: 0, reindexing: 0 },
    });
    const other = await openHttp();
    await other.add(note("a"), picture("b", Buffer.from("nothing")));
    expect((await other.call("GET", "/inputs/status")).json.counts).toMatchObject({
      processed: 1,
      to_process: 0,
      errors: 1,
    });
  });
});

describe("add jobs", () => {
  it("count the inputs of all requests with their id, without refused ones", async () => {
    const http = await openHttp();
    const inputs_add_job_id = "job";
    await post(http, [note("a"), picture("b", Buffer.from("nothing"))], { inputs_add_job_id });
    const second = { inputs_add_job_id, inputs: [note("c"), note("a")] };
    expect((await http.call("POST", "/inputs", second)).json.inputs_add_job).toMatchObject({ id: "job" });
    await until(async () => {
      const job = await jobOf(http, "job");
      expect(job.progress).toEqual({ success_count: 2, failed_count: 1 });
      expect(job.status).toEqual({ code: 64002, description: "Job successfully ran." });
    });
    await post(http, [note("d")], { inputs_add_job_id: "other" });
    const { inputs_add_jobs: jobs } = (await http.call("GET", "/inputs/jobs/add")).json;
    expect(jobs.map((job) => job.id).sort()).toEqual(["job", "other"]);
    expect((await http.call("GET", "/inputs/jobs/add/nope")).json.status.code).toBe(11101);
  });

  it("are queued while all inputs are pending, and do not wait for deleted inputs", async () => {
    const http = await openHttp({ processingDelayMs: later });
    await post(http, [note("a")], { inputs_add_job_id: "job" });
    expect(await jobOf(http, "job")).toMatchObject({ progress: { pending_count: 1 }, status: { code: 64000 } });
    await http.call("DELETE", "/inputs/a");
    await until(async () => expect((await jobOf(http, "job")).status.code).toBe(64002));
  });

  it("can be cancelled", async () => {
    const http = await openHttp({ processingDelayMs: later });
    await post(http, [note("a")], { inputs_add_job_id: "job" });
    const { json } = await http.call("PATCH", "/inputs/jobs/add/job", {});
    expect(json.inputs_add_job.status.code).toBe(64004);
  });
});

describe("inputs by URL", () => {
  it("are fetched through redirects and keep their URL; a failed fetch is reported with its reason", async () => {
    const image = await jpeg(40, 30);
    const web = await startWeb({
      "/a.jpg": (response) => response.end(image),
      "/there.jpg": (response) => response.writeHead(302, { location: "/a.jpg?again" }).end(),
      "/broken.jpg": (response) => response.writeHead(503).end(),
      "/long.jpg": (response) => response.end(Buffer.alloc(20_000_000)),
      "/a.txt": (response) => response.end("calm sea"),
    });
    const { add } = await openHttp();
    const at = (id: string, path: string, kind = "image") => ({
      id,
      data: { [kind]: { url: `${web.origin}${path}` } },
    });
    const inputs = await add(
      at("a", "/a.jpg"),
      at("there", "/there.jpg"),
      at("gone", "/gone.jpg"),
      at("broken", "/broken.jpg"),
      at("long", "/long.jpg"),
      { id: "nobody", data: { image: { url: "http://127.0.0.1:9/x.jpg" } } },
      at("text", "/a.txt", "text"),
    );
    expect(inputs.map((input) => input.status.code)).toEqual([30000, 30000, 30002, 30002, 30105, 30002, 30000]);
    expect(inputs[0]?.data.image).toMatchObject({ url: `${web.origin}/a.jpg`, image_info: { width: 40 } });
    expect(inputs[2]?.status.details).toBe(`404 Client Error: Not Found for url: ${web.origin}/gone.jpg`);
    expect(inputs[3]?.status.details).toContain("503 Server Error");
  });

  it("fail if allowFetch is false", async () => {
    const { add } = await openHttp({ allowFetch: false });
    const [input] = await add({ id: "a", data: { image: { url: "http://127.0.0.1:9/a.jpg" } } });
    expect(input?.status).toMatchObject({
      code: 30002,
      details: "the emulator does not fetch URLs (allowFetch is false)",
    });
  });
});

describe("a restart", () => {
  it("keeps all data", async () => {
    const data = temporaryFolder();
    const before = await openHttp({ data });
    const image = await jpeg();
    await before.call("POST", "/concepts", { concepts: [{ id: "boat", name: "ferry" }] });
    const labelled = note("a", { concepts: [{ id: "boat" }], metadata: { split: "train" } });
    await before.add(labelled, picture("b", image));
    await post(before, [note("c")], { inputs_add_job_id: "job" });
    await until(async () => expect((await jobOf(before, "job")).status.code).toBe(64002));
    await before.call("POST", "/datasets/train/inputs", { dataset_inputs: [{ input: { id: "a" } }] });
    const paths = ["/inputs", "/annotations", "/concepts", "/datasets", "/inputs/jobs/add/job", "/inputs/status"];
    const read = async ({ call, emulator }: Http) =>
      Promise.all(
        paths.map(async (path) => {
          const { status: _, ...rest } = (await call("GET", path)).json;
          return JSON.stringify(rest).replaceAll(emulator.url, "");
        }),
      );
    const stored = await read(before);
    await before.emulator.close();
    const after = await openHttp({ data });
    expect(await read(after)).toEqual(stored);
    const { url = "" } = (await after.processed("b")).data.image ?? {};
    const bytes = await (await fetch(url, { headers: { authorization: "Key any" } })).arrayBuffer();
    expect(Buffer.from(bytes).equals(image)).toBe(true);
  });

  it("resumes pending inputs and finishes deletions", async () => {
    const data = temporaryFolder();
    const before = await startEmulator({ port: 0, data, processingDelayMs: later, deleteDelayMs: later });
    const send = (method: string, body: unknown) =>
      fetch(`${before.url}/v2/inputs`, { method, headers: { authorization: "Key any" }, body: JSON.stringify(body) });
    await send("POST", { inputs_add_job_id: "job", inputs: [note("a"), note("b"), note("c")] });
    await send("DELETE", { ids: ["b"] });
    await before.close();
    const after = await openHttp({ data });
    expect(after.emulator.stored().map((input) => input.id)).toEqual(["a", "c"]);
    expect((await after.processed("a")).status.code).toBe(30000);
    expect((await after.processed("c")).status.code).toBe(30000);
    const job = await jobOf(after, "job");
    expect(job).toMatchObject({ progress: { success_count: 2, failed_count: 1 }, status: { code: 64002 } });
  });
});
