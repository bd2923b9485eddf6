import { describe, expect, it, vi } from "vitest";
import { jpeg } from "../helpers/files.js";
import { type Http, note, openHttp, picture } from "../helpers/http.js";

function until(check: () => Promise<void>): Promise<void> {
  return vi.waitFor(check, { interval: 3, timeout: 20_000 });
}

/** Posts inputs and returns their statuses. */
async function post({ call }: Http, inputs: unknown[], more = {}): Promise<[string, number][]> {
  const { json } = await call("POST", "/inputs", { inputs, ...more });
  return json.inputs.map((input) => [input.id, input.status.code]);
}

describe("duplicates", () => {
  it.each([{}, { input_id_conflict_resolution: "SKIP" }, { input_id_conflict_resolution: 1 }])(
    "by id are refused one by one (%j)",
    async (more) => {
      const http = await openHttp();
      await http.add(note("a"));
      const { json } = await http.call("POST", "/inputs", { inputs: [note("a"), note("b"), note("b")], ...more });
      expect(json.status.code).toBe(10010);
      expect(json.inputs.map((input) => [input.id, input.status.code])).toEqual([
        ["a", 30100],
        ["b", 30001],
        ["b", 30100],
      ]);
      expect(json.inputs[0]?.status.details).toBe("Input has a duplicate ID.");
    },
  );

  it.each(["SUFFIX", 2])("by id get a suffix with the policy %s, but not within one request", async (policy) => {
    const http = await openHttp();
    const more = { input_id_conflict_resolution: policy };
    await http.add(note("a"));
    expect(await post(http, [note("a"), note("a"), note("a-1"), note("b"), note("b")], more)).toEqual([
      ["a-1", 30001],
      ["a", 30100],
      ["a-1-1", 30001],
      ["b", 30001],
      ["b", 30100],
    ]);
    for (let n = 2; n <= 9; n += 1) expect(await post(http, [note("a")], more)).toEqual([[`a-${n}`, 30001]]);
    expect(await post(http, [note("a")], more)).toEqual([[expect.stringMatching(/^a-[0-9a-f]{6}$/), 30001]]);
  });

  it("do not include inputs without an id, even if it is null", async () => {
    const http = await openHttp();
    const nameless = [null, "", undefined].map((id) => ({ ...note("x"), id }));
    const ids = (await post(http, nameless)).map(([id]) => id);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });

  it("are returned with their data, without their content", async () => {
    const { call, add } = await openHttp();
    await add(note("a"));
    const image = { base64: (await jpeg()).toString("base64"), url: "http://a.example/x.jpg" };
    const data = { image, text: { raw: "calm" }, metadata: { base64: "kept", raw: 1 } };
    const [refused] = (await call("POST", "/inputs", { inputs: [{ id: "a", data }] })).json.inputs;
    expect(refused?.data).toEqual({ image: { url: "http://a.example/x.jpg" }, text: {}, metadata: data.metadata });
  });

  it("by URL are refused, unless they are allowed or the first input was deleted", async () => {
    const http = await openHttp({ allowFetch: false });
    const image = (id: string, more = {}) => ({ id, data: { image: { url: "http://a.example/x.jpg", ...more } } });
    expect(await post(http, [image("a"), image("b"), image("c", { allow_duplicate_url: true })])).toEqual([
      ["a", 30001],
      ["b", 30100],
      ["c", 30001],
    ]);
    await http.call("DELETE", "/inputs", { ids: ["a", "c"] });
    await until(async () => expect(http.emulator.stored()).toEqual([]));
    expect(await post(http, [image("b")])).toEqual([["b", 30001]]);
  });
});

describe("deleting", () => {
  it("happens after a delay, removes everything of an input, and ignores unknown ids", async () => {
    const before = await openHttp({ deleteDelayMs: 600_000 });
    await before.add(note("a", { concepts: [{ id: "x" }] }), note("b"));
    await before.call("POST", "/datasets/train/inputs", { dataset_inputs: [{ input: { id: "a" } }] });
    expect(await before.call("DELETE", "/inputs", { ids: ["a", "nope"] })).toMatchObject({
      http: 200,
      json: { status: { code: 10000 } },
    });
    expect(await post(before, [note("a")])).toEqual([["a", 30100]]);
    await before.emulator.close(); // The emulator finishes its deletions when it closes, so the test does not wait.
    const http = await openHttp({ data: before.folder });
    expect((await http.call("GET", "/inputs/a")).http).toBe(404);
    expect((await http.call("GET", "/inputs/a")).json.status.code).toBe(11101);
    expect((await http.call("GET", "/annotations")).json.annotations).toMatchObject([{ input_id: "b" }]);
    expect(await post(http, [note("a")])).toEqual([["a", 30001]]);
    expect(http.emulator.stored().map(({ id, timesStored }) => [id, timesStored])).toEqual([
      ["b", 1],
      ["a", 2],
    ]);
    expect((await http.call("DELETE", "/inputs/nope")).http).toBe(404);
  });

  it("keeps the count of how often an input was stored", async () => {
    const http = await openHttp();
    http.emulator.faults.add({ fault: { type: "processing", share: 1, code: 30002, times: 2 } });
    const codes: (number | undefined)[] = [];
    for (let n = 0; n < 3; n += 1) {
      codes.push((await http.add(note("a")))[0]?.status.code);
      await http.call("DELETE", "/inputs/a");
      await until(async () => expect(http.emulator.stored()).toEqual([]));
    }
    expect(codes).toEqual([30002, 30002, 30000]);
  });

  it("keeps the bytes that another input uses, even one that is being uploaded", async () => {
    const http = await openHttp();
    const image = await jpeg();
    await http.add(picture("a", image));
    const [head, tail] = JSON.stringify({ inputs: [picture("b", image)] }).split(/(?<="})/) as [string, string];
    let send: (piece: Uint8Array | null) => void = () => undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        send = (piece) => (piece ? controller.enqueue(piece) : controller.close());
      },
    });
    const url = `${http.emulator.url}/v2/users/me/apps/main/inputs`;
    const posted = fetch(url, { method: "POST", headers: { authorization: "Key any" }, body, duplex: "half" });
    send(Buffer.from(head));
    await http.call("DELETE", "/inputs/a");
    await until(async () => expect(http.emulator.stored()).toEqual([]));
    send(Buffer.from(tail));
    send(null);
    expect((await posted).status).toBe(200);
    const { data } = await http.processed("b");
    const bytes = await fetch(data.image?.url ?? "", { headers: { authorization: "Key any" } });
    expect(Buffer.from(await bytes.arrayBuffer()).equals(image)).toBe(true);
  });
});
