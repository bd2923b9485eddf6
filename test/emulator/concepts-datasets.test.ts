import { describe, expect, it } from "vitest";
import { note, openHttp } from "../helpers/http.js";

describe("concepts", () => {
  it("are created by posting them, once", async () => {
    const { call } = await openHttp();
    const { http, json } = await call("POST", "/concepts", {
      concepts: [{ id: "boat", name: "ferry" }, { id: "sea" }],
    });
    expect(http).toBe(200);
    expect(json.concepts).toMatchObject([
      { id: "boat", name: "ferry", value: 1, language: "en", app_id: "main", visibility: { gettable: 10 } },
      { id: "sea", name: "sea" },
    ]);
    for (const concepts of [[{ id: "new" }, { id: "boat" }], [{ id: "new" }, { id: "new" }], [{ name: "new" }]]) {
      const answer = await call("POST", "/concepts", { concepts });
      expect(answer).toMatchObject({ http: 400, json: { status: { code: 40003, description: "Invalid request" } } });
      if (concepts.length === 2) expect(answer.json.status.details).toContain("duplicate");
    }
    expect((await call("GET", "/concepts")).json.concepts.map(({ id }) => id)).toEqual(["boat", "sea"]);
    expect((await call("GET", "/concepts?id=oa")).json.concepts.map(({ id }) => id)).toEqual(["boat"]);
    expect((await call("GET", "/concepts?per_page=1&page=2")).json.concepts.map(({ id }) => id)).toEqual(["sea"]);
    const search = { concept_query: { name: "fer*" } };
    expect((await call("POST", "/concepts/searches", search)).json.concepts.map(({ id }) => id)).toEqual(["boat"]);
  });

  it("are renamed everywhere", async () => {
    const { call, add } = await openHttp();
    await add(
      note("a", {
        concepts: [
          { id: "boat", name: "boat" },
          { id: "sea", value: 0 },
        ],
      }),
    );
    const region = { region_info: { point: { row: 0.5, col: 0.5 } }, data: { concepts: [{ id: "boat" }] } };
    await call("POST", "/annotations", { annotations: [{ id: "x", input_id: "a", data: { regions: [region] } }] });
    const renamed = await call("PATCH", "/concepts", {
      action: "overwrite",
      concepts: [{ id: "boat", name: "ferry" }],
    });
    expect(renamed.json.concepts).toMatchObject([{ id: "boat", name: "ferry" }]);
    expect((await call("GET", "/concepts/boat")).json.concept.name).toBe("ferry");
    expect((await call("GET", "/inputs/a")).json.input.data.concepts).toMatchObject([
      { name: "ferry" },
      { name: "sea", value: 0 },
    ]);
    const { data } = (await call("GET", "/inputs/a/annotations/x")).json.annotation;
    expect(data.regions?.[0]?.data?.concepts).toMatchObject([{ id: "boat", name: "ferry" }]);
    expect((await call("GET", "/concepts/status")).json).toMatchObject({
      concept_counts: [
        { id: "boat", name: "ferry", concept_type_count: { positive: 1, negative: 0 } },
        { id: "sea", concept_type_count: { positive: 0, negative: 1 } },
      ],
    });
  });

  it("that are unknown cannot be read or renamed, and only overwrite renames", async () => {
    const { call } = await openHttp();
    await call("POST", "/concepts", { concepts: [{ id: "boat" }] });
    const concepts = [
      { id: "boat", name: "ferry" },
      { id: "nope", name: "x" },
    ];
    expect(await call("PATCH", "/concepts", { action: "overwrite", concepts })).toMatchObject({
      http: 404,
      json: { status: { code: 11101 } },
    });
    expect((await call("GET", "/concepts/nope")).json.status.code).toBe(11101);
    const merged = await call("PATCH", "/concepts", { action: "merge", concepts: concepts.slice(0, 1) });
    expect(merged).toMatchObject({ http: 400, json: { status: { code: 40003 } } });
    expect((await call("GET", "/concepts/boat")).json.concept.name).toBe("boat");
  });
});

describe("datasets", () => {
  it("are created, read, patched and deleted; their inputs stay", async () => {
    const { call, add } = await openHttp();
    const image = { url: "http://a.example/cover.jpg" };
    await call("POST", "/datasets", {
      datasets: [{ id: "train", description: "old", metadata: { a: 1 }, image }, { id: "test" }],
    });
    await add({ ...note("a"), dataset_ids: ["train", "fresh"] });
    expect((await call("GET", "/datasets")).json.datasets.map(({ id }) => id)).toEqual(["train", "test", "fresh"]);
    expect((await call("GET", "/datasets?search=es&per_page=1")).json.datasets).toMatchObject([{ id: "test" }]);
    const patch = (action: string, change: object) =>
      call("PATCH", "/datasets", { action, datasets: [{ id: "train", ...change }] });
    await patch("merge", { description: "new", metadata: { b: 2 } });
    expect((await call("GET", "/datasets/train")).json.dataset).toMatchObject({
      description: "new",
      metadata: { a: 1, b: 2 },
      image,
    });
    await patch("remove", { description: "other", image });
    const { dataset } = (await call("GET", "/datasets/train")).json;
    expect(dataset).toMatchObject({ description: "new", metadata: { a: 1, b: 2 } });
    expect(dataset).not.toHaveProperty("image");
    await patch("overwrite", { notes: "only this" });
    expect((await call("GET", "/datasets/train")).json.dataset).not.toHaveProperty("metadata");
    expect((await call("DELETE", "/datasets", { dataset_ids: ["train"] })).http).toBe(200);
    expect((await call("GET", "/datasets/train/inputs")).json.status.code).toBe(11101);
    expect((await call("GET", "/inputs/a")).http).toBe(200);
  });

  it("are created and patched together, or none if one is invalid", async () => {
    const { call } = await openHttp();
    await call("POST", "/datasets", { datasets: [{ id: "train" }] });
    expect((await call("POST", "/datasets", { datasets: [{ id: "new" }, { id: "train" }] })).http).toBe(400);
    expect((await call("POST", "/datasets", { datasets: [{ id: "long", notes: "x".repeat(64_001) }] })).http).toBe(400);
    const datasets = [{ id: "train", description: "x" }, { id: "nope" }];
    expect((await call("PATCH", "/datasets", { action: "merge", datasets })).json.status.code).toBe(11101);
    const { datasets: left } = (await call("GET", "/datasets")).json;
    expect(left.map(({ id, description }) => [id, description])).toEqual([["train", undefined]]);
  });

  it("add inputs and list them", async () => {
    const { call, add } = await openHttp();
    await call("POST", "/datasets", { datasets: [{ id: "train" }] });
    await add(note("a"), note("b"), note("c"));
    const attach = (...names: string[]) =>
      call("POST", "/datasets/train/inputs", { dataset_inputs: names.map((id) => ({ input: { id } })) });
    expect(await attach("b", "a")).toMatchObject({
      http: 200,
      json: {
        status: { code: 10000 },
        dataset_inputs: [{ input: { id: "b", status: { code: 64100 } } }, { input: { id: "a" } }],
      },
    });
    const mixed = await attach("a", "nope");
    expect(mixed.json.status.code).toBe(10010);
    expect(mixed.json.dataset_inputs.map(({ input }) => input.status.code)).toEqual([64100, 30102]);
    expect((await attach("nope")).json.status.code).toBe(10020);
    const members = async () =>
      (await call("GET", "/datasets/train/inputs")).json.dataset_inputs.map(({ input }) => input.id);
    expect(await members()).toEqual(["a", "b"]);
    expect((await call("GET", "/datasets/train/inputs/b")).http).toBe(200);
    expect((await call("GET", "/datasets/train/inputs/c")).json.status.code).toBe(11101);
    await call("DELETE", "/datasets/train/inputs", { input_ids: ["a", "nope"] });
    expect(await members()).toEqual(["b"]);
    expect((await call("GET", "/inputs?ids=a")).json.inputs).toHaveLength(1);
  });
});
