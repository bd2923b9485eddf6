import { describe, expect, it } from "vitest";
import type { EmulatorOptions } from "../../src/emulator/index.js";
import { type DataJson, type Http, note, openHttp } from "../helpers/http.js";

const before = {
  concepts: [
    { id: "boat", value: 1 },
    { id: "sea", value: 1 },
  ],
  metadata: {
    split: "train",
    cam: { iso: 200, lens: "a" },
    tags: ["x"],
    crew: [
      { id: "1", age: 30 },
      { id: "2", age: 41 },
    ],
  },
  geo: { geo_point: { longitude: 4.48, latitude: 51.92 } },
};

/** The fields that can be patched, with concepts as pairs of id and value. */
interface Patchable {
  concepts: [string, number][];
  metadata: unknown;
  geo: unknown;
}

function patchable({ concepts = [], metadata, geo }: DataJson): Patchable {
  return { concepts: concepts.map(({ id, value }) => [id, value]), metadata, geo };
}

const whole: Patchable = {
  concepts: [
    ["boat", 1],
    ["sea", 1],
  ],
  metadata: before.metadata,
  geo: before.geo,
};

async function withInput(data: Record<string, unknown> = before, options: EmulatorOptions = {}): Promise<Http> {
  const http = await openHttp(options);
  await http.add(note("a", data));
  return http;
}

async function patched({ call }: Http, action: string, data: unknown): Promise<DataJson> {
  const answer = await call("PATCH", "/inputs", { action, inputs: [{ id: "a", data }] });
  expect(answer).toMatchObject({ http: 200, json: { status: { code: 10000 }, inputs: [{ status: { code: 30200 } }] } });
  const read = (await call("GET", "/inputs/a")).json.input.data;
  expect(answer.json.inputs[0]?.data).toEqual(read);
  expect(read.text?.raw).toBe("note a");
  return read;
}

type Example = [name: string, action: string, patch: unknown, changed: Partial<Patchable>];

const examples: Example[] = [
  [
    "sets a key and keeps the rest",
    "merge",
    { metadata: { split: "test" } },
    { metadata: { ...before.metadata, split: "test" } },
  ],
  [
    "merges objects and appends to lists without ids",
    "merge",
    { metadata: { cam: { iso: 400 }, tags: ["y"] } },
    { metadata: { ...before.metadata, cam: { iso: 400, lens: "a" }, tags: ["x", "y"] } },
  ],
  [
    "merges lists by id",
    "merge",
    { metadata: { crew: [{ id: "2", age: 42 }, { id: "3" }] } },
    { metadata: { ...before.metadata, crew: [{ id: "1", age: 30 }, { id: "2", age: 42 }, { id: "3" }] } },
  ],
  ["replaces by an empty object", "merge", { metadata: { cam: {} } }, { metadata: { ...before.metadata, cam: {} } }],
  [
    "merges concepts by id, new ones last",
    "merge",
    { concepts: [{ id: "sea", value: 0 }, { id: "pier" }] },
    {
      concepts: [
        ["boat", 1],
        ["sea", 0],
        ["pier", 1],
      ],
    },
  ],
  [
    "replaces the place",
    "merge",
    { geo: { geo_point: { longitude: 5, latitude: 52 } } },
    { geo: { geo_point: { longitude: 5, latitude: 52 } } },
  ],
  ["removes a concept by its id alone", "remove", { concepts: [{ id: "sea" }] }, { concepts: [["boat", 1]] }],
  [
    "removes the keys that are marked with true",
    "remove",
    { metadata: { cam: { lens: true }, split: true } },
    { metadata: { cam: { iso: 200 }, tags: ["x"], crew: before.metadata.crew } },
  ],
  [
    "removes list items by id, and sets a key that has another value than true",
    "remove",
    { metadata: { crew: [{ id: "1" }], split: "val" } },
    { metadata: { ...before.metadata, crew: [{ id: "2", age: 41 }], split: "val" } },
  ],
  ["removes nothing for a concept that is not there", "remove", { concepts: [{ id: "nope" }] }, {}],
  [
    "overwrites all data but the media",
    "overwrite",
    { metadata: { split: "test" } },
    { concepts: [], metadata: { split: "test" }, geo: undefined },
  ],
  [
    "overwrites with several fields",
    "overwrite",
    { concepts: [{ id: "ferry" }], metadata: { a: 1 } },
    { concepts: [["ferry", 1]], metadata: { a: 1 }, geo: undefined },
  ],
  ["removes the place", "remove", { geo: { geo_point: { longitude: 4.48, latitude: 51.92 } } }, { geo: undefined }],
];

describe("patching an input", () => {
  it.each(examples)("%s (%s)", async (_, action, patch, changed) => {
    const http = await withInput();
    expect(patchable(await patched(http, action, patch))).toEqual({ ...whole, ...changed });
    const { annotations } = (await http.call("GET", "/annotations?input_ids=a")).json;
    expect(annotations.map(({ data }) => patchable(data))).toEqual([{ ...whole, ...changed }]);
  });

  it("overwrites key by key with overwriteReading: old", async () => {
    const http = await withInput(before, { overwriteReading: "old" });
    const data = await patched(http, "overwrite", { metadata: { split: "test" } });
    expect(patchable(data)).toEqual({ ...whole, metadata: { split: "test" } });
  });

  it("keeps its input-level annotation when its data are empty", async () => {
    const { call } = await withInput({ metadata: { split: "train" } });
    const { annotations } = (await call("GET", "/annotations?input_ids=a")).json;
    const [own] = annotations;
    const gone = { id: own?.id, input_id: "a", data: { metadata: { split: true } } };
    const answer = await call("PATCH", "/annotations", {
      action: "remove",
      delete_if_empty_data: true,
      annotations: [gone],
    });
    expect(answer.json.status.code).toBe(10000);
    expect((await call("GET", "/annotations?input_ids=a")).json.annotations).toMatchObject([{ id: own?.id, data: {} }]);
    expect((await call("GET", "/inputs/a")).json.input.data.metadata).toBeUndefined();
  });

  it("reports that unknown inputs do not exist, and patches the others", async () => {
    const { call } = await withInput();
    const inputs = [
      { id: "a", data: { metadata: { split: "test" } } },
      { id: "b", data: { metadata: { split: "test" } } },
    ];
    const mixed = await call("PATCH", "/inputs", { action: "merge", inputs });
    expect(mixed).toMatchObject({ http: 200, json: { status: { code: 10010 } } });
    expect(mixed.json.inputs.map((input) => [input.id, input.status.code])).toEqual([
      ["a", 30200],
      ["b", 30102],
    ]);
    const none = await call("PATCH", "/inputs", { action: "merge", inputs: inputs.slice(1) });
    expect(none).toMatchObject({ http: 400, json: { status: { code: 10020 } } });
    const [nameless] = (await call("PATCH", "/inputs", { action: "merge", inputs: [{ data: {} }] })).json.inputs;
    expect(nameless).toEqual({ status: expect.objectContaining({ code: 30102 }) });
  });

  it.each([undefined, "", "replace"])("refuses the action %j and changes nothing", async (action) => {
    const http = await withInput();
    const answer = await http.call("PATCH", "/inputs", {
      action,
      inputs: [{ id: "a", data: { metadata: { split: "x" } } }],
    });
    expect(answer).toMatchObject({ http: 400, json: { status: { code: 24900 } } });
    expect(patchable((await http.call("GET", "/inputs/a")).json.input.data)).toEqual(whole);
  });
});
