import { describe, expect, it } from "vitest";
import { microsecondsOf, timeOf } from "../../src/core/util/microseconds.js";
import { jpeg } from "../helpers/files.js";
import { type Http, note, openHttp, picture } from "../helpers/http.js";

/** Starts an emulator with four notes and a failed image. */
async function harbour(): Promise<Http> {
  const http = await openHttp();
  const at = (longitude: number, latitude: number) => ({ geo_point: { longitude, latitude } });
  await http.add(
    note("quay", {
      concepts: [{ id: "boat" }],
      metadata: { split: "train", cam: { iso: 200, lens: "a" } },
      geo: at(4.48, 51.92),
    }),
    note("pier", { concepts: [{ id: "boat", value: 0 }], metadata: { split: "test", year: 2026 }, geo: at(4.5, 51.9) }),
    { ...note("beach", { metadata: { split: "train" }, geo: at(4.2, 52.1) }), dataset_ids: ["sand"] },
    note("market"),
  );
  await http.add(picture("broken", Buffer.from("nothing")));
  const annotations = [{ id: "x", input_id: "market", data: { concepts: [{ id: "crowd" }] } }];
  await http.call("POST", "/annotations", { annotations });
  return http;
}

async function found({ call }: Http, filters: unknown[], more = {}): Promise<string[]> {
  const { http, json } = await call("POST", "/inputs/searches", { searches: [{ query: { filters } }], ...more });
  expect([http, json.status.code]).toEqual([200, 10000]);
  return json.hits.map((hit) => hit.input.id);
}

const near = (type: string, value: number, point = { longitude: 4.48, latitude: 51.92 }) => ({
  annotation: { data: { geo: { geo_point: point, geo_limit: { type, value } } } },
});
const corner = (longitude: number, latitude: number) => ({ geo_point: { longitude, latitude } });
const changed = (range: object) => ({ last_updated_time_range: range });
const metadata = (wanted: object) => ({ annotation: { data: { metadata: wanted } } });
const concept = (id: string, value?: number) => ({ annotation: { data: { concepts: [{ id, value }] } } });

describe("searching inputs", () => {
  it.each<[string, unknown[], string[]]>([
    ["no filter", [], ["quay", "pier", "beach", "market", "broken"]],
    ["a kind", [{ input: { data: { image: {} } } }], ["broken"]],
    ["a status", [{ input: { status: { code: 30000 } } }], ["quay", "pier", "beach", "market"]],
    ["the name of a status", [{ input: { status: { code: "INPUT_FAILED" } } }], ["broken"]],
    ["an id", [{ input: { id: "pier" } }], ["pier"]],
    ["a dataset", [{ input: { dataset_ids: ["sand", "nope"] } }], ["beach"]],
    ["metadata", [metadata({ split: "train" })], ["quay", "beach"]],
    ["one of several metadata", [metadata({ year: 2026, split: "train" })], ["quay", "pier", "beach"]],
    ["metadata within metadata", [metadata({ cam: { iso: 200 } })], ["quay"]],
    ["a concept", [concept("boat")], ["quay"]],
    ["a concept that is absent", [concept("boat", 0)], ["pier"]],
    ["a concept of a posted annotation", [concept("crowd", 1)], ["market"]],
    ["kilometres", [near("withinKilometers", 3)], ["quay", "pier"]],
    ["miles", [near("withinMiles", 1)], ["quay"]],
    ["degrees", [near("withinDegrees", 1)], ["quay", "pier", "beach"]],
    ["a box", [{ annotation: { data: { geo: { geo_box: [corner(4.3, 52), corner(4.49, 51)] } } } }], ["quay"]],
    ["the time of the last change", [changed({ start_time: "2000-01-01T00:00:00Z" }), concept("boat")], ["quay"]],
    ["a time that is over", [changed({ end_time: "2000-01-01T00:00:00Z" })], []],
    ["two filters at once", [metadata({ split: "train" }), near("withinKilometers", 3)], ["quay"]],
    ["what a filter does not hold for", [{ negate: true, ...concept("boat") }], ["pier", "beach", "market", "broken"]],
  ])("by %s", async (_, filters, expected) => {
    expect(await found(await harbour(), filters)).toEqual(expected);
  });

  it("returns pages, and counts", async () => {
    const http = await harbour();
    expect(await found(http, [], { pagination: { page: 2, per_page: 2 } })).toEqual(["beach", "market"]);
    expect(await found(http, [], { pagination: { page: 4, per_page: 2 } })).toEqual([]);
    const counted = await http.call("POST", "/inputs/searches", { searches: [{ query: {} }], only_count: true });
    expect(counted.json).toMatchObject({ hits: [], hit_counts: [{ estimated_total: 5 }] });
    const searches = [[concept("nope")], [concept("boat")]].map((filters) => ({ query: { filters } }));
    const two = await http.call("POST", "/inputs/searches", { searches, only_count: true });
    expect(two.json.hit_counts).toEqual([{}, { estimated_total: 1 }]);
    const [hit] = (await http.call("POST", "/inputs/searches", {})).json.hits;
    expect(hit).toMatchObject({ score: 1, input: { id: "quay", status: { code: 30000 } } });
  });

  it("refuses unknown units and pages over the limit", async () => {
    const { call } = await harbour();
    const search = (query: object, more = {}) => call("POST", "/inputs/searches", { searches: [{ query }], ...more });
    expect((await search({ filters: [near("withinReach", 1)] })).json.status.code).toBe(11102);
    expect((await search({}, { pagination: { per_page: 1001 } })).json.status.code).toBe(11102);
    expect((await search({}, { pagination: { page: 10, per_page: 1000 } })).json.status.code).toBe(10000);
    const beyond = await search({}, { pagination: { page: 11, per_page: 1000 } });
    expect([beyond.http, beyond.json.status]).toMatchObject([
      400,
      { code: 40002, details: "page * perPage cannot exceed 10000" },
    ]);
  });
});

describe("the time of the last change", () => {
  it("is compared to the microsecond, ends included, and each input has one on its own level", async () => {
    const http = await harbour();
    const data = { metadata: { open: true } };
    await http.call("PATCH", "/inputs", { inputs: [{ id: "market", data }], action: "merge" });
    const { json } = await http.call("GET", "/inputs/market");
    const at = (json.input as unknown as { modified_at: string }).modified_at;
    const next = timeOf((microsecondsOf(at) ?? 0) + 1);
    const own = (range: object) => ({ annotation: { input_level: true }, ...changed(range) });
    expect(await found(http, [own({ start_time: at, end_time: at })])).toEqual(["market"]);
    expect(await found(http, [own({ start_time: at, end_time: at.replace("Z", "999Z") })])).toEqual(["market"]);
    expect(await found(http, [own({ start_time: next })])).toEqual([]);
    expect(await found(http, [own({ end_time: at }), concept("crowd")])).toEqual(["market"]);
    // A posted annotation has a time of its own.
    const annotations = [{ id: "later", input_id: "pier", data: { concepts: [{ id: "crowd" }] } }];
    await http.call("POST", "/annotations", { annotations });
    expect(await found(http, [changed({ start_time: next })])).toEqual(["pier"]);
    expect(await found(http, [own({ start_time: next })])).toEqual([]);
    expect(await found(http, [{ ...own({}), negate: true }])).toEqual([]);
  });
});

describe("ranking inputs", () => {
  it("puts inputs with the concept first, and keeps the order of the others", async () => {
    const ranks = [{ annotation: { data: { concepts: [{ id: "crowd" }] } } }];
    const { call } = await harbour();
    const { hits } = (await call("POST", "/inputs/searches", { searches: [{ query: { ranks } }] })).json;
    expect(hits.map((hit) => [hit.input.id, hit.score])).toEqual([
      ["market", 1],
      ["quay", 0],
      ["pier", 0],
      ["beach", 0],
      ["broken", 0],
    ]);
  });

  it("puts the same image first, by its bytes and in the form of the first clients", async () => {
    const { call, add } = await openHttp();
    const bytes = await jpeg(20, 10);
    await add(picture("other", await jpeg(10, 20)), picture("same", bytes));
    const image = { base64: bytes.toString("base64") };
    for (const query of [
      { ranks: [{ annotation: { data: { image } } }] },
      { ands: [{ output: { input: { data: { image } } } }] },
      { ands: [{ output: { input: { id: "same", data: { image: {} } } } }] },
    ]) {
      const { hits } = (await call("POST", "/searches", { query })).json;
      expect(hits.map((hit) => [hit.input.id, hit.score])).toEqual([
        ["same", 1],
        ["other", 0],
      ]);
    }
  });
});

describe("searching annotations", () => {
  const search = async ({ call }: Http, ...filters: object[]) => {
    const { json } = await call("POST", "/annotations/searches", { searches: [{ query: { filters } }] });
    return json.hits.map(({ input, annotation }) => `${input.id}/${annotation.input_level ? "own" : annotation.id}`);
  };

  it("finds an annotation by its own data, with its input", async () => {
    const http = await harbour();
    const annotations = ["palm", "water"].map((id) => ({ id, input_id: "quay", data: { concepts: [{ id }] } }));
    await http.call("POST", "/annotations", { annotations });
    expect(await search(http, concept("boat"))).toEqual(["quay/own"]);
    expect(await search(http, concept("palm"))).toEqual(["quay/palm"]);
    expect(await search(http, concept("palm"), concept("water"))).toEqual([]);
    expect(await search(http, metadata({ split: "train" }))).toEqual(["quay/own", "beach/own"]);
    expect(await search(http, { input: { id: "quay" } }, { negate: true, ...concept("boat") })).toEqual([
      "quay/palm",
      "quay/water",
    ]);
    expect(await found(http, [concept("palm"), concept("water")])).toEqual(["quay"]);
  });
});

describe("bulk operations", () => {
  const carriedOut = async ({ call }: Http, ids: string[], operation: object) => {
    const body = { bulk_operations: [{ input_ids: { input_ids: ids }, operation }] };
    const { http, json } = await call("POST", "/bulk_operations", body);
    expect(http).toBe(200);
    expect(json.bulk_operation).toMatchObject([{ status: { code: 25400 }, progress: { processed: ids.length } }]);
    return (await call("GET", `/inputs/${ids[0]}`)).json.input.data;
  };

  it.each<[string, object, object]>([
    [
      "add concepts",
      { add_concepts: { concepts: [{ id: "sea" }] } },
      { concepts: [expect.objectContaining({ id: "boat" }), expect.objectContaining({ id: "sea", value: 1 })] },
    ],
    ["delete concepts", { delete_concepts: { concepts: [{ id: "boat" }] } }, { concepts: undefined }],
    [
      "add metadata, replacing equal keys",
      { add_metadata: { metadata: { cam: { iso: 400 }, new: 1 } } },
      { metadata: { split: "train", cam: { iso: 400 }, new: 1 } },
    ],
    [
      "delete metadata that are equal in key and value",
      { delete_metadata: { metadata: { split: "train", cam: { iso: 200 } } } },
      { metadata: { cam: { iso: 200, lens: "a" } } },
    ],
    ["overwrite the place", { overwrite_geo: { geo: corner(1, 2) } }, { geo: corner(1, 2) }],
    ["delete the place", { delete_geo: {} }, { geo: undefined }],
  ])("%s", async (_, operation, expected) => {
    const http = await harbour();
    const before = (await http.call("GET", "/inputs/quay")).json.input.data;
    expect(await carriedOut(http, ["quay"], operation)).toEqual({ ...before, ...expected });
  });

  it("add inputs to datasets, remove them, and delete annotations", async () => {
    const http = await harbour();
    const members = async () =>
      (await http.call("GET", "/datasets/new/inputs")).json.dataset_inputs.map(({ input }) => input.id);
    await carriedOut(http, ["quay", "market"], { add_to_dataset: { dataset_id: "new" } });
    expect(await members()).toEqual(["quay", "market"]);
    await carriedOut(http, ["quay"], { delete_from_dataset: { dataset_id: "new" } });
    expect(await members()).toEqual(["market"]);
    await carriedOut(http, ["market"], { delete_annotations: {} });
    expect((await http.call("GET", "/annotations?input_ids=market")).json.annotations).toMatchObject([
      { input_level: true },
    ]);
  });

  it("work on a search and on a dataset, and are listed until they are deleted", async () => {
    const { call } = await harbour();
    const operation = { add_metadata: { metadata: { seen: true } } };
    const search = { query: { filters: [metadata({ split: "test" })] } };
    const bulk_operations = [
      { search, operation },
      { dataset: { id: "sand" }, operation },
    ];
    const { bulk_operation: done } = (await call("POST", "/bulk_operations", { bulk_operations })).json;
    expect(done.map(({ progress }) => progress.processed)).toEqual([1, 1]);
    const seen = await call("POST", "/inputs/searches", {
      searches: [{ query: { filters: [metadata({ seen: true })] } }],
    });
    expect(seen.json.hits.map((hit) => hit.input.id)).toEqual(["pier", "beach"]);
    const ids = done.map(({ id }) => id);
    expect((await call("GET", "/bulk_operations")).json.bulk_operation.map(({ id }) => id)).toEqual(ids.toReversed());
    expect((await call("GET", `/bulk_operations/${ids[0]}`)).json.bulk_operation).toMatchObject({ id: ids[0] });
    expect((await call("PATCH", "/bulk_operations", { ids })).json.bulk_operation).toHaveLength(2);
    expect((await call("DELETE", "/bulk_operations", { ids })).http).toBe(200);
    expect((await call("GET", `/bulk_operations/${ids[0]}`)).json.status.code).toBe(11101);
  });

  it.each<[object, number]>([
    [{ input_ids: { input_ids: [] }, operation: { paint: {} } }, 11100],
    [
      { input_ids: { input_ids: ["quay"] }, operation: { split_into_datasets: { method: {}, dataset_splits: [{}] } } },
      25404,
    ],
    [{ input_ids: { input_ids: ["quay"] } }, 25404],
    [{ operation: { delete_geo: {} } }, 25404],
    [{ input_ids: { input_ids: ["quay"] }, operation: { overwrite_geo: { geo: corner(0, 91) } } }, 30104],
    [{ input_ids: { input_ids: ["quay"] }, operation: { add_concepts: { concepts: [{ value: 1 }] } } }, 40003],
  ])("refuse %j", async (value, code) => {
    const { call } = await harbour();
    const answer = await call("POST", "/bulk_operations", { bulk_operations: [value] });
    expect(answer).toMatchObject({ http: 400, json: { status: { code } } });
    expect((await call("GET", "/bulk_operations")).json).not.toHaveProperty("bulk_operation");
  });
});
