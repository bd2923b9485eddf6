/** Results of searches, by the vendor's own tests and definitions. */

import { describe, expect, it } from "vitest";
import { jpeg } from "../helpers/files.js";
import { type Http, note, openHttp, picture } from "../helpers/http.js";

async function kennel(): Promise<Http> {
  const http = await openHttp();
  const dog = picture("dog", await jpeg());
  const labels = { concepts: [{ id: "c-dog", name: "dog" }], metadata: { Breed: "Saint Bernard" } };
  const geo = { geo_point: { longitude: -30, latitude: 40 } };
  await http.add({ ...dog, data: { ...(dog.data as object), ...labels, geo }, dataset_ids: ["pets"] });
  const bounding_box = { top_row: 0, left_col: 0, bottom_row: 0.5, right_col: 1 };
  const regions = [{ region_info: { bounding_box }, track_id: "t1", data: { concepts: [{ id: "palm" }] } }];
  await http.add(note("beach", { regions }), note("plain"));
  const annotations = [
    { id: "mine", input_id: "plain", data: { concepts: [{ id: "sea" }] }, annotation_info: { by: "ann" } },
  ];
  await http.call("POST", "/annotations", { annotations });
  return http;
}

const found = async ({ call }: Http, ...filters: object[]) => {
  const { json } = await call("POST", "/inputs/searches", { searches: [{ query: { filters } }] });
  return json.status.code === 10000 ? json.hits.map(({ input }) => input.id) : json.status.code;
};
const annotation = (wanted: object) => ({ annotation: wanted });
const data = (wanted: object) => ({ annotation: { data: wanted } });
const dogs = [
  { name: "deer", value: 1 },
  { name: "dog", value: 1 },
];

describe("searching inputs", () => {
  it.each<[string, object[], unknown]>([
    [
      "a place within 100 km",
      [
        data({
          geo: { geo_point: { longitude: -29, latitude: 40 }, geo_limit: { type: "withinKilometers", value: 100 } },
        }),
      ],
      ["dog"],
    ],
    ["one of the concepts of a filter", [data({ concepts: dogs })], ["dog"]],
    ["concepts of two filters", dogs.map((concept) => data({ concepts: [concept] })), []],
    ["metadata", [data({ metadata: { Breed: "Saint Bernard" } })], ["dog"]],
    ["a kind and a status", [{ input: { data: { image: {} } } }, { input: { status: { code: 30000 } } }], ["dog"]],
    ["one of several kinds", [{ input: { data: { text: {}, audio: {}, video: {} } } }], ["beach", "plain"]],
    [
      "kinds or a status in one filter",
      [{ input: { data: { audio: {} }, status: { code: 30000 } } }],
      ["dog", "beach", "plain"],
    ],
    ["a dataset that has no inputs", [{ input: { dataset_ids: ["random"] } }], []],
    ["empty filters", [{ annotation: {}, input: {} }], ["dog", "beach", "plain"]],
    ["a box", [data({ regions: [{ region_info: { bounding_box: {} } }] })], ["beach"]],
    ["a polygon", [data({ regions: [{ region_info: { polygon: {} } }] })], []],
    ["a track", [data({ regions: [{ track_id: "t1" }] })], ["beach"]],
    ["a concept of a region", [data({ regions: [{ data: { concepts: [{ id: "palm" }] } }] })], ["beach"]],
    ["frames", [data({ frames: [{ frame_info: {} }] })], []],
    ["the id of an annotation", [annotation({ id: "mine" })], ["plain"]],
    ["the input of an annotation", [annotation({ input_id: "dog" })], ["dog"]],
    ["the info of an annotation", [annotation({ annotation_info: { by: "ann" } })], ["plain"]],
    ["the status of an annotation", [annotation({ status: { code: 24157 } })], []],
    ["another user", [annotation({ worker: { user: { id: "bob" } } })], []],
    [
      "an input-level annotation with a concept",
      [annotation({ input_level: true, data: { concepts: [{ id: "sea" }] } })],
      [],
    ],
    ["a location without a limit", [data({ geo: { geo_point: { longitude: 0, latitude: 0 } } })], 11102],
    ["a box with one corner", [data({ geo: { geo_box: [{ geo_point: { longitude: 0, latitude: 0 } }] } })], 11102],
    ["a size of a box", [data({ regions: [{ region_info: { bounding_box: { top_row: 0.1 } } }] })], 10040],
  ])("by %s", async (_, filters, expected) => {
    expect(await found(await kennel(), ...filters)).toEqual(expected);
  });

  it("refuses two searches in one request", async () => {
    const { call } = await kennel();
    const { json } = await call("POST", "/inputs/searches", { searches: [{ query: {} }, { query: {} }] });
    expect(json).toMatchObject({ status: { code: 10040 }, hits: [] });
  });

  it("by rank returns every input, and with a minimum score only similar ones", async () => {
    const { call } = await kennel();
    const ranks = [{ annotation: { data: { text: { raw: "note plain" } } } }];
    const ids = async (more: object) =>
      (await call("POST", "/inputs/searches", { searches: [{ query: { ranks }, ...more }] })).json.hits.map(
        ({ input }) => input.id,
      );
    expect(await ids({})).toEqual(["plain", "dog", "beach"]);
    expect(await ids({ min_value: 0.5 })).toEqual(["plain"]);
  });
});

describe("searching annotations", () => {
  it("requires that one annotation matches all filters", async () => {
    const { call } = await kennel();
    const search = async (...filters: object[]) =>
      (await call("POST", "/annotations/searches", { searches: [{ query: { filters } }] })).json.hits.map(
        ({ input }) => input.id,
      );
    expect(await search(data({ concepts: [{ id: "palm", value: 1 }] }))).toEqual(["beach"]);
    expect(await search(data({ concepts: [{ id: "palm" }] }), data({ concepts: [{ id: "sea" }] }))).toEqual([]);
    expect(await search(data({}))).toEqual(["dog", "beach", "plain", "plain"]); // without regions
  });
});

describe("a saved search", () => {
  it("runs when its id is used, and not when it is saved", async () => {
    const { call } = await kennel();
    const query = { ands: [{ input: { data: { concepts: [{ id: "sea", value: 1 }] } } }] };
    const as_of = new Date(Date.now() + 60_000).toISOString();
    const saved = await call("POST", "/searches", { searches: [{ id: "by-sea", save: true, as_of, query }] });
    expect(saved.json).toMatchObject({ status: { code: 10000 }, hits: [] });
    const { json } = await call("POST", "/searches/by-sea", { pagination: { page: 1, per_page: 10 } });
    expect(json.hits.map(({ input, score }) => [input.id, score])).toEqual([["plain", 1]]);
    expect((await call("DELETE", "/searches/by-sea")).http).toBe(200);
    expect((await call("POST", "/searches/by-sea", {})).http).toBe(404);
  });
});

describe("what a search selects", () => {
  it("is never every input by mistake", async () => {
    const http = await kennel();
    const { call } = http;
    const operation = { add_metadata: { metadata: { seen: true } } };
    for (const search of [{}, { query: { ranks: [{ annotation: { data: { concepts: [{ id: "sea" }] } } }] } }]) {
      const { json } = await call("POST", "/bulk_operations", { bulk_operations: [{ search, operation }] });
      expect(json.status.code).toBe(25404);
      await call("POST", "/datasets", { datasets: [{ id: "all" }] });
      expect((await call("POST", "/datasets/all/inputs", { search })).json.status.code).toBe(11102);
    }
    const missing = await call("POST", "/bulk_operations", {
      bulk_operations: [{ dataset: { id: "nope" }, operation }],
    });
    expect(missing.json.status.code).toBe(11101);
    const both = { ...operation, delete_geo: {} };
    const two = await call("POST", "/bulk_operations", {
      bulk_operations: [{ dataset: { id: "pets" }, operation: both }],
    });
    expect(two.json.status.code).toBe(25404);
    expect(await found(http, data({ metadata: { seen: true } }))).toEqual([]);
  });

  it("merges one dataset into another", async () => {
    const { call } = await kennel();
    await call("POST", "/datasets", { datasets: [{ id: "new" }] });
    const search = { query: { filters: [{ input: { dataset_ids: ["pets"] } }] } };
    expect((await call("POST", "/datasets/new/inputs", { search })).json.status.code).toBe(10000);
    expect((await call("GET", "/datasets/new/inputs")).json.dataset_inputs.map(({ input }) => input.id)).toEqual([
      "dog",
    ]);
  });
});
