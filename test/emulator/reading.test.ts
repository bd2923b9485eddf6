import { describe, expect, it } from "vitest";
import { readMessage, readParameters } from "../../src/emulator/wire/read-message.js";
import { jpeg } from "../helpers/files.js";
import { note, openHttp, picture } from "../helpers/http.js";

const lenient = { strict: false };
const strict = { strict: true };
type Body = Parameters<typeof readMessage>[0];

describe("reading a body", () => {
  it("leaves out null, empty and zero fields, and adds the fields that answers always have", () => {
    const body = {
      inputs: [{ id: null, dataset_ids: [], data: { text: { raw: "", url: "u", allow_duplicate_url: false } } }],
      inputs_add_job_id: "",
      input_id_conflict_resolution: 0,
    };
    expect(readMessage(body, "PostInputs", strict)).toEqual({ inputs: [{ data: { text: { url: "u" } } }] });
    const concepts: Body[] = [{ id: "a" }, { id: "b", value: 0 }];
    const patch = { inputs: [{ data: { concepts, geo: { geo_point: { longitude: 4 } } } }] };
    expect(readMessage(patch, "PatchInputs", strict)).toEqual({
      inputs: [
        {
          data: {
            concepts: [
              { id: "a", value: 1 },
              { id: "b", value: 0 },
            ],
            geo: { geo_point: { longitude: 4, latitude: 0 } },
          },
        },
      ],
    });
  });

  it("accepts names of numbers, numbers as strings and camelCase, and does not change metadata", () => {
    const metadata = { camelCase: { aB: null, list: [] }, zero: 0 };
    const point = { row: "0.25", col: 0.1234567891, visibility: "NOT_VISIBLE" };
    const regions = [{ regionInfo: { polygon: { points: [point, { row: 1, visibility: 1 }] } } }];
    const body = {
      annotations: [{ inputId: "a", status: { code: "ANNOTATION_AWAITING_REVIEW" }, data: { metadata, regions } }],
    };
    expect(readMessage(body, "PostAnnotations", strict)).toEqual({
      annotations: [
        {
          input_id: "a",
          status: { code: 24157 },
          data: {
            metadata,
            regions: [
              {
                region_info: {
                  polygon: {
                    points: [
                      { row: 0.25, col: 0.12345679, visibility: 2 },
                      { row: 1, col: 0, visibility: 1 },
                    ],
                  },
                },
              },
            ],
          },
        },
      ],
    });
  });

  it("ignores unknown fields, or refuses them if strict", () => {
    const body = { inputs: [{ id: "a", data: { image: { url: "u", crop: [0] } }, score: 1 }], delete_all: true };
    expect(readMessage(body, "PatchInputs", lenient)).toEqual({ inputs: [{ id: "a", data: { image: { url: "u" } } }] });
    expect(() => readMessage({ delete_all: true }, "ByIds", strict)).toThrow("delete_all is not known");
    expect(() => readMessage({ inputs: body.inputs }, "PatchInputs", strict)).toThrow(
      "inputs[0].data.image.crop is not",
    );
  });

  it.each([lenient, strict])(
    "accepts true and false as the value of a concept, since the first clients send them",
    (options) => {
      const body = { concepts: [{ value: true }, { value: false }] };
      expect(readMessage(body, "PostConcepts", options)).toEqual({ concepts: [{ value: 1 }, { value: 0 }] });
    },
  );

  it.each<[string, Body, string]>([
    ["PostInputs", { inputs: "a" }, "inputs must be a list"],
    ["PostInputs", { inputs: [1] }, "inputs[0] must be an object"],
    ["PostInputs", { inputs: [null] }, "inputs[0] must not be null"],
    ["PostInputs", { inputs: [{ id: 5 }] }, "inputs[0].id must be a text, not 5"],
    ["PostInputs", { inputs: [{ data: { metadata: [] } }] }, "inputs[0].data.metadata must be an object"],
    ["PostInputs", { inputs: [{ data: { image: { allow_duplicate_url: 1 } } }] }, "must be true or false"],
    ["PostInputs", { inputs: [{ created_at: "yesterday" }] }, "inputs[0].created_at must be a time"],
    ["PostInputs", { input_id_conflict_resolution: "REPLACE" }, '"REPLACE" is not known'],
    ["PostInputs", { input_id_conflict_resolution: true }, "true is not known"],
    ["PostConcepts", { concepts: [{ value: "many" }] }, "concepts[0].value must be a number"],
    ["PostConcepts", { concepts: [{ value: "" }] }, "concepts[0].value must be a number"],
    ["PostSearches", { pagination: { page: 1.5 } }, "pagination.page must be a whole number, not 1.5"],
    ["PostAnnotations", { annotations: [{ status: { code: "FINE" } }] }, "annotations[0].status.code"],
  ])("refuses an invalid value in a field of %s: %j", (message, body, text) => {
    for (const options of [lenient, strict]) expect(() => readMessage(body, message, options)).toThrow(text);
  });
});

describe("reading parameters", () => {
  it("nests at dots, makes lists of repeated names, and accepts True", () => {
    const text =
      "page=2&per_page=50&ids=a,b&ids=c&status.code=INPUT_SUCCESS&user_app_id.user_id=ann&user_app_id.app_id=demo";
    expect(readParameters(new URLSearchParams(text), "ListInputs", true)).toEqual({
      page: 2,
      per_page: 50,
      ids: ["a,b", "c"],
      status: { code: 30000 },
      user_app_id: { user_id: "ann", app_id: "demo" },
    });
    const stream = new URLSearchParams("descending=True&order_by_id=false&lastId=x&perPage=5");
    expect(readParameters(stream, "StreamInputs", true)).toEqual({ descending: true, last_id: "x", per_page: 5 });
    const statuses = new URLSearchParams("statuses=24150&statuses.code=ANNOTATION_FAILED");
    expect(readParameters(statuses, "ListAnnotations", true)).toEqual({ statuses: [{ code: 24150 }, { code: 24152 }] });
  });

  it("refuses an invalid number, and unknown parameters if strict", () => {
    expect(() => readParameters(new URLSearchParams("page=two"), "ListInputs", false)).toThrow("page must be a number");
    const unknown = new URLSearchParams("tags=a&status.tag=b&constructor=c&__proto__.page=1&toString.x=y");
    expect(readParameters(unknown, "ListInputs", false)).toEqual({ status: {} });
    expect(() => readParameters(unknown, "ListInputs", true)).toThrow("tags is not known");
  });
});

describe("an emulator with strict reading", () => {
  it("refuses a request with an unknown field, and accepts it without this field", async () => {
    const { call, emulator } = await openHttp({ strict: true });
    const refused = await call("POST", "/inputs", { inputs: [{ ...note("a"), tags: ["x"] }] });
    expect(refused).toMatchObject({
      http: 400,
      json: { status: { code: 11100, details: "inputs[0].tags is not known" } },
    });
    expect((await call("GET", "/inputs?tags=x")).json.status.code).toBe(11102);
    expect((await call("DELETE", "/inputs?ids=a")).json.status.code).toBe(11102);
    expect(emulator.stored()).toEqual([]);
    expect((await call("POST", "/inputs", { inputs: [note("a")] })).http).toBe(200);
  });

  it("accepts its own answers as requests", async () => {
    const { call, add } = await openHttp({ strict: true });
    const labels = { concepts: [{ id: "boat", value: 0.25 }], metadata: { a: { b: null } } };
    await add({ ...note("a", { ...labels, geo: { geo_point: { longitude: 4.48 } } }), dataset_ids: ["train"] });
    await add(picture("b", await jpeg()));
    const point = { row: 0, col: 0.5, z: 0.25, visibility: "VISIBLE" };
    const shapes = [
      { bounding_box: { top_row: 0, left_col: 0, bottom_row: 1, right_col: 0.5 } },
      { polygon: { points: [point, { row: 1 }, { row: 1, col: 1 }] } },
      { mask: { image: { base64: "AAEC" } } },
      { point },
      { span: { char_end: 4, raw_text: "calm" } },
    ];
    const regions = shapes.map((region_info) => ({ data: { regions: [{ region_info, data: labels }] } }));
    const within = [{ frames: [{ frame_info: { time: 40 }, data: labels }] }, { time_segments: [{ data: labels }] }];
    const annotations = [...regions, ...within.map((data) => ({ data }))];
    await call("POST", "/annotations", { annotations: annotations.map((each) => ({ ...each, input_id: "a" })) });
    await call("PATCH", "/datasets", { action: "merge", datasets: [{ id: "train", visibility: { gettable: 10 } }] });

    for (const list of ["inputs", "annotations", "datasets", "concepts"] as const) {
      const before = (await call("GET", `/${list}`)).json[list];
      expect(before.length).toBeGreaterThan(0);
      const answer = await call("PATCH", `/${list}`, { action: "overwrite", [list]: before });
      expect([list, answer.json.status]).toEqual([list, expect.objectContaining({ code: 10000 })]);
      const data = (entries: object[]) => entries.map((entry) => (entry as { data?: unknown }).data);
      expect(data((await call("GET", `/${list}`)).json[list])).toEqual(data(before));
    }
  });

  it("accepts annotations only of processed inputs", async () => {
    const { call } = await openHttp({ strict: true, processingDelayMs: 600_000 });
    await call("POST", "/inputs", { inputs: [note("waiting")] });
    const annotations = [{ input_id: "waiting", data: { concepts: [{ id: "x" }] } }];
    const answer = await call("POST", "/annotations", { annotations });
    expect(answer.json.annotations.map(({ status }) => status.code)).toEqual([24155]);
  });
});
