import { describe, expect, it } from "vitest";
import { png } from "../helpers/bombs.js";
import { type AnnotationJson, type Http, note, openHttp } from "../helpers/http.js";
import { smallContent } from "../helpers/small-contents.js";

const maskText = png(2, 2, 8, []).toString("base64");
const square = { bounding_box: { top_row: 0.1, left_col: 0.1, bottom_row: 0.9, right_col: 0.8 } };

function boxed(id: string, inputId: string, info: unknown = square): Record<string, unknown> {
  const data = { regions: [{ region_info: info, data: { concepts: [{ id: "boat" }] } }] };
  return { id, input_id: inputId, data };
}

/** Starts an emulator with the inputs `a` and `b` and the annotations a/x, a/y and b/x. */
async function annotated(): Promise<Http> {
  const http = await openHttp();
  await http.add(note("a", { concepts: [{ id: "calm" }], metadata: { split: "train" } }), note("b"));
  const annotations = [boxed("x", "a"), boxed("y", "a"), boxed("x", "b")];
  expect((await http.call("POST", "/annotations", { annotations })).json.status.code).toBe(10000);
  return http;
}

async function listed({ call }: Http, query = ""): Promise<string[]> {
  const { annotations } = (await call("GET", `/annotations${query}`)).json;
  return annotations.map((annotation) => `${annotation.input_id}/${annotation.input_level ? "own" : annotation.id}`);
}

async function posted({ call }: Http, annotation: Record<string, unknown>): Promise<AnnotationJson> {
  const { json } = await call("POST", "/annotations", { annotations: [annotation] });
  expect(json.annotations).toHaveLength(1);
  return json.annotations[0] as AnnotationJson;
}

describe("an input-level annotation", () => {
  it("has the data of its input, and is listed with the other annotations", async () => {
    const http = await annotated();
    expect(await listed(http)).toEqual(["b/x", "a/y", "a/x", "b/own", "a/own"]);
    const own = (await http.call("GET", "/annotations?input_ids=a")).json.annotations.at(-1);
    expect(own).toMatchObject({
      input_level: true,
      status: { code: 24150 },
      data: { concepts: [{ id: "calm", value: 1 }], metadata: { split: "train" } },
    });
    expect(own?.data).not.toHaveProperty("text");
    expect((await http.call("GET", `/inputs/a/annotations/${own?.id}`)).json.annotation.id).toBe(own?.id);
  });

  it("patches its input when it is patched", async () => {
    const { call } = await annotated();
    const own = (await call("GET", "/annotations?input_ids=a")).json.annotations.at(-1);
    const annotations = [{ id: own?.id, input_id: "a", data: { concepts: [{ id: "sunny" }] } }];
    await call("PATCH", "/annotations", { action: "merge", annotations });
    const { concepts } = (await call("GET", "/inputs/a")).json.input.data;
    expect(concepts?.map((concept) => concept.id)).toEqual(["calm", "sunny"]);
  });

  it("is deleted only with its input", async () => {
    const http = await annotated();
    const own = (await http.call("GET", "/annotations?input_ids=a")).json.annotations.at(-1);
    const pair = { input_ids: ["a"], ids: [own?.id] };
    expect((await http.call("DELETE", "/inputs/annotations", pair)).json.status.code).toBe(10000);
    expect(await http.call("DELETE", `/inputs/a/annotations/${own?.id}`)).toMatchObject({
      http: 400,
      json: { status: { code: 11102 } },
    });
    expect(await listed(http)).toContain("a/own");
  });
});

describe("listing annotations", () => {
  it.each([
    ["?input_ids=a", ["a/y", "a/x", "a/own"]],
    ["?input_ids=b&input_ids=a", ["b/x", "a/y", "a/x", "b/own", "a/own"]],
    ["?input_ids=a&input_ids=b&ids=y&ids=x", ["b/x", "a/y"]],
    ["?input_ids=b&ids=y", []],
    ["?input_ids=nope", []],
    ["?per_page=2&page=2", ["a/x", "b/own"]],
    ["?per_page=2&page=4", []],
    ["?statuses=24157", []],
    ["?statuses.code=ANNOTATION_SUCCESS&statuses.code=24157&per_page=1", ["b/x"]],
    ["?input_ids=b&user_ids=me&list_all_annotations=True", ["b/x", "b/own"]],
    ["?user_ids=bob", []],
    ["?model_version_ids=m1", []],
    ["?task_id=t1", []],
  ])("with %s gives %j", async (query, expected) => {
    expect(await listed(await annotated(), query)).toEqual(expected);
  });

  it.each(["?ids=x", "?ids=x&input_ids=a&input_ids=b", "?ids=x&ids=y&input_ids=a"])(
    "refuses ids without as many inputs: %s",
    async (query) => {
      const { call } = await annotated();
      expect(await call("GET", `/annotations${query}`)).toMatchObject({ http: 400, json: { status: { code: 11102 } } });
    },
  );

  it("reports that an unknown annotation, or one of another input, does not exist", async () => {
    const { call } = await annotated();
    for (const path of ["/inputs/b/annotations/y", "/inputs/nope/annotations/x"]) {
      expect(await call("GET", path)).toMatchObject({ http: 404, json: { status: { code: 11101 } } });
      expect((await call("DELETE", path)).http).toBe(404);
    }
  });
});

describe("posting annotations", () => {
  it("creates missing ids of annotations and regions, and missing concepts", async () => {
    const http = await annotated();
    const { id: _, ...nameless } = boxed("", "a");
    const annotation = await posted(http, nameless);
    expect(annotation.id).toMatch(/^[0-9a-f]{32}$/);
    expect(annotation.data.regions).toMatchObject([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        region_info: square,
        data: { concepts: [{ id: "boat", name: "boat", value: 1 }] },
      },
    ]);
    expect((await http.call("GET", "/concepts/boat")).http).toBe(200);
    expect((await posted(http, { ...boxed("named", "a"), annotation_info: { by: "ann" } })).annotation_info).toEqual({
      by: "ann",
    });
  });

  it.each([
    ["a name", { code: "ANNOTATION_AWAITING_REVIEW" }, 24157],
    ["a number", { code: 24151 }, 24151],
    ["nothing", undefined, 24150],
  ])("accepts the status as %s", async (_, status, code) => {
    const http = await annotated();
    expect((await posted(http, { ...boxed("z", "a"), status })).status.code).toBe(code);
    expect(await listed(http, `?statuses=${code}`)).toContain("a/z");
  });

  it.each([30000, 24154, 24155])("refuses the status %i", async (code) => {
    const http = await annotated();
    expect((await posted(http, { ...boxed("z", "a"), status: { code } })).status.code).toBe(24155);
    const patch = { action: "merge", annotations: [{ id: "x", input_id: "a", status: { code } }] };
    expect((await http.call("PATCH", "/annotations", patch)).json.annotations[0]?.status.code).toBe(24155);
    expect(await listed(http, "?statuses=24150")).toHaveLength(5);
  });

  it.each([
    ["an input that does not exist", boxed("z", "nope"), 30102],
    ["no input", { id: "z", data: { concepts: [{ id: "new" }] } }, 30102],
    ["an id that already exists", boxed("x", "a"), 24155],
    [
      "two regions",
      { id: "z", input_id: "a", data: { regions: [{ region_info: square }, { region_info: square }] } },
      24155,
    ],
    ["two frames", { id: "z", input_id: "a", data: { frames: [{ data: {} }, { data: {} }] } }, 24155],
    [
      "two regions in a frame",
      { id: "z", input_id: "a", data: { frames: [{ data: { regions: [{ id: "1" }, { id: "2" }] } }] } },
      24155,
    ],
    ["a box upside down", boxed("z", "a", { bounding_box: { ...square.bounding_box, top_row: 0.95 } }), 24155],
    ["a box without width", boxed("z", "a", { bounding_box: { ...square.bounding_box, left_col: 0.8 } }), 24155],
    ["a box beyond 1", boxed("z", "a", { bounding_box: { ...square.bounding_box, right_col: 1.01 } }), 24155],
    ["a box below 0", boxed("z", "a", { bounding_box: { ...square.bounding_box, left_col: -0.01 } }), 24155],
    [
      "a polygon beyond 1",
      boxed("z", "a", {
        polygon: {
          points: [
            [0, 0],
            [0, 2],
            [1, 1],
          ].map(([row, col]) => ({ row, col })),
        },
      }),
      24155,
    ],
  ])("refuses an annotation with %s, and accepts the others", async (_, annotation, code) => {
    const http = await annotated();
    const { http: status, json } = await http.call("POST", "/annotations", {
      annotations: [annotation, boxed("good", "b")],
    });
    expect([status, json.status.code]).toEqual([200, 10010]);
    expect(json.annotations.map((each) => each.status.code)).toEqual([code, 24150]);
    expect(await listed(http)).toEqual(["b/good", "b/x", "a/y", "a/x", "b/own", "a/own"]);
    const alone = await http.call("POST", "/annotations", { annotations: [annotation] });
    expect(alone).toMatchObject({ http: 400, json: { status: { code: 10020 } } });
  });

  it("stores a frame, a polygon and a mask unchanged", async () => {
    const http = await annotated();
    const frames = [{ frame_info: { index: 3, time: 120 }, data: { regions: [{ id: "r", region_info: square }] } }];
    const polygon = {
      points: [
        [0, 0.5],
        [0.25, 1],
        [1, 1],
      ].map(([row, col]) => ({ row, col, visibility: "VISIBLE" })),
    };
    const mask = { image: { base64: maskText } };
    const segments = [
      { id: "s", time_info: { begin_time: 0.5, end_time: 1.25 }, data: { concepts: [{ id: "boat" }] } },
    ];
    await http.add({ id: "v", data: { video: { base64: smallContent("video", 0).toString("base64") } } });
    await posted(http, { id: "frame", input_id: "v", data: { frames } });
    await posted(http, { id: "segment", input_id: "v", data: { time_segments: segments } });
    await posted(http, boxed("polygon", "a", { polygon }));
    await posted(http, boxed("mask", "a", { mask }));
    const read = async (id: string, input = "a") =>
      (await http.call("GET", `/inputs/${input}/annotations/${id}`)).json.annotation.data;
    expect(await read("frame", "v")).toEqual({
      frames: [{ ...frames[0], frame_info: { index: 3, time: 120, number: 0 } }],
    });
    expect(await read("segment", "v")).toMatchObject({ time_segments: segments });
    const points = polygon.points.map((point) => ({ ...point, visibility: 1 }));
    expect((await read("polygon")).regions?.[0]?.region_info).toEqual({ polygon: { points } });
    expect((await read("mask")).regions?.[0]?.region_info).toEqual({ mask });
  });

  it.each([
    ["a mask that is no PNG", { mask: { image: { base64: "R0lGODlh" } } }],
    ["a mask that is no base64", { mask: { image: { base64: `${maskText.slice(0, -1)}!` } } }],
    ["a mask without an image", { mask: {} }],
    ["a span without characters", { span: { char_start: 3, char_end: 3 } }],
    ["a token that ends before it starts", { token: { char_start: 3, char_end: 1 } }],
    ["a span behind the end of the text", { span: { char_start: 0, char_end: 100 } }],
    ["a point beside the image", { point: { row: 1.5, col: 0 } }],
  ])("refuses %s", async (_, info) => {
    const http = await annotated();
    expect((await posted(http, boxed("z", "a", info))).status.code).toBe(24155);
    const patch = { action: "merge", annotations: [boxed("x", "a", info)] };
    expect((await http.call("PATCH", "/annotations", patch)).json.annotations[0]?.status.code).toBe(24155);
    expect((await http.call("GET", "/inputs/a/annotations/x")).json.annotation.data.regions?.[0]?.region_info).toEqual(
      square,
    );
  });

  it("counts the characters of a text as code points", async () => {
    const http = await annotated();
    await http.add({ id: "e", data: { text: { raw: "😀😀" } } });
    const span = (end: number) => boxed(`s${end}`, "e", { span: { char_start: 0, char_end: end } });
    expect((await posted(http, span(2))).status.code).toBe(24150);
    expect((await posted(http, span(3))).status.code).toBe(24155);
  });

  it.each([
    ["a frame", "text", { frames: [{ frame_info: { time: 5 }, data: {} }] }, 24155],
    ["a frame", "audio", { frames: [{ frame_info: { time: 5 }, data: {} }] }, 24155],
    ["a frame", "video", { frames: [{ frame_info: { time: 5 }, data: {} }] }, 24150],
    ["a time segment", "text", { time_segments: [{ time_info: { begin_time: 1, end_time: 2 } }] }, 24155],
    ["a time segment", "audio", { time_segments: [{ time_info: { begin_time: 1, end_time: 2 } }] }, 24150],
    [
      "a time segment that ends at once",
      "audio",
      { time_segments: [{ time_info: { begin_time: 2, end_time: 2 } }] },
      24155,
    ],
    [
      "a time segment before the beginning",
      "audio",
      { time_segments: [{ time_info: { begin_time: -1, end_time: 2 } }] },
      24155,
    ],
    ["a span", "audio", { regions: [{ region_info: { span: { char_start: 0, char_end: 1 } } }] }, 24155],
  ] as const)("checks that %s fits an input with %s", async (_, kind, data, code) => {
    const http = await openHttp();
    const medium = kind === "text" ? { raw: "calm" } : { base64: smallContent(kind, 0).toString("base64") };
    await http.add({ id: "i", data: { [kind]: medium } });
    expect((await posted(http, { id: "z", input_id: "i", data })).status.code).toBe(code);
    const inputs = [{ id: "j", data: { [kind]: medium, ...data } }];
    const { json } = await http.call("POST", "/inputs", { inputs });
    expect(json.inputs[0]?.status.code).toBe(code === 24150 ? 30001 : 24155);
  });

  it("refuses a frame at a negative time as a request that cannot be read", async () => {
    const http = await annotated();
    const annotations = [{ id: "z", input_id: "a", data: { frames: [{ frame_info: { time: -5 } }] } }];
    expect((await http.call("POST", "/annotations", { annotations })).json.status.code).toBe(11100);
  });

  it("creates no concept for a refused annotation", async () => {
    const { call } = await annotated();
    const annotations = [{ id: "x", input_id: "a", data: { concepts: [{ id: "stray" }] } }];
    await call("POST", "/annotations", { annotations });
    expect((await call("GET", "/concepts/stray")).http).toBe(404);
  });
});

describe("deleting annotations", () => {
  it.each([
    ["/inputs/annotations", { input_ids: ["a"] }, ["b/x", "b/own", "a/own"]],
    ["/annotations", { input_ids: ["a", "b"] }, ["b/own", "a/own"]],
    ["/inputs/annotations", { input_ids: ["a", "b"], ids: ["y", "x"] }, ["a/x", "b/own", "a/own"]],
    ["/inputs/annotations", { input_ids: ["b", "nope"], ids: ["y", "x"] }, ["b/x", "a/y", "a/x", "b/own", "a/own"]],
    ["/inputs/a/annotations/x", undefined, ["b/x", "a/y", "b/own", "a/own"]],
  ])("by DELETE %s with %j leaves %j", async (path, body, left) => {
    const http = await annotated();
    expect(await http.call("DELETE", path, body)).toMatchObject({ http: 200, json: { status: { code: 10000 } } });
    expect(await listed(http)).toEqual(left);
  });

  it.each([{}, { input_ids: [] }, { ids: ["x"] }, { input_ids: ["a", "b"], ids: ["x"] }])(
    "refuses %j",
    async (body) => {
      const http = await annotated();
      expect(await http.call("DELETE", "/annotations", body)).toMatchObject({
        http: 400,
        json: { status: { code: 11102 } },
      });
      expect(await listed(http)).toHaveLength(5);
    },
  );
});
