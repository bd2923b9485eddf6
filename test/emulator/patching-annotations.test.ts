import { describe, expect, it } from "vitest";
import { type Answer, type Http, note, openHttp, type RegionJson } from "../helpers/http.js";

const box = (top: number, left: number, bottom: number, right: number) => ({
  bounding_box: { top_row: top, left_col: left, bottom_row: bottom, right_col: right },
});
const first = box(0.1, 0.1, 0.9, 0.8);
const second = box(0.45, 0.35, 0.7, 0.6);
const face = { concepts: [{ id: "id-face", name: "face", value: 1 }] };

/** Starts an emulator with the annotation `demo`: one region, `r1`, with the concept `id-face`. */
async function withBox(): Promise<Http> {
  const http = await openHttp();
  await http.add(note("bbox"));
  const regions = [{ id: "r1", region_info: first, data: face }];
  await http.call("POST", "/annotations", { annotations: [{ id: "demo", input_id: "bbox", data: { regions } }] });
  return http;
}

async function patch({ call }: Http, action: string, change: Record<string, unknown>, more = {}): Promise<Answer> {
  const annotations = [{ id: "demo", input_id: "bbox", ...change }];
  const answer = await call("PATCH", "/annotations", { action, ...more, annotations });
  expect(answer).toMatchObject({ http: 200, json: { status: { code: 10000 } } });
  return answer;
}

async function regionsOf({ call }: Http): Promise<RegionJson[]> {
  return (await call("GET", "/inputs/bbox/annotations/demo")).json.annotation.data.regions ?? [];
}

function conceptsOf(region: RegionJson | undefined): string[] {
  return region?.data?.concepts.map((concept) => concept.id) ?? [];
}

describe("patching an annotation", () => {
  it.each([undefined, "r1"])("moves the box by merge and keeps the region's id (id in the patch: %s)", async (id) => {
    const http = await withBox();
    await patch(http, "merge", { data: { regions: [{ id, region_info: second, data: face }] } });
    expect(await regionsOf(http)).toMatchObject([{ id: "r1", region_info: second, data: face }]);
    expect(conceptsOf((await regionsOf(http))[0])).toEqual(["id-face"]);
  });

  it("merges the concepts of the region by their ids, and does not move the box", async () => {
    const http = await withBox();
    const concepts = [{ id: "id-face", value: 0 }, { id: "smile" }];
    await patch(http, "merge", { data: { regions: [{ id: "r1", data: { concepts } }] } });
    const [region] = await regionsOf(http);
    expect(region?.region_info).toEqual(first);
    expect(region?.data?.concepts.map(({ id, value }) => [id, value])).toEqual([
      ["id-face", 0],
      ["smile", 1],
    ]);
  });

  it("replaces the region by a region with another id", async () => {
    const http = await withBox();
    await patch(http, "merge", { data: { regions: [{ id: "r2", region_info: second }] } });
    expect(await regionsOf(http)).toEqual([{ id: "r2", region_info: second }]);
  });

  it("merges concepts without a region into those of the annotation", async () => {
    const http = await withBox();
    await patch(http, "merge", { data: { concepts: [{ id: "night" }] } });
    const { data } = (await http.call("GET", "/inputs/bbox/annotations/demo")).json.annotation;
    expect(data.concepts?.map((concept) => concept.id)).toEqual(["night"]);
    expect(conceptsOf(data.regions?.[0])).toEqual(["id-face"]);
  });

  it("overwrites everything; a region without an id gets a new one", async () => {
    const http = await withBox();
    await patch(http, "merge", { data: { concepts: [{ id: "night" }] } });
    await patch(http, "overwrite", { data: { regions: [{ region_info: second, data: face }] } });
    const { data } = (await http.call("GET", "/inputs/bbox/annotations/demo")).json.annotation;
    expect(data.concepts).toBeUndefined();
    expect(data.regions).toMatchObject([{ id: expect.stringMatching(/^(?!r1$)./), region_info: second }]);
  });

  it("replaces the points of a polygon as a whole", async () => {
    const http = await withBox();
    const points = [
      [0.15, 0.15],
      [0.95, 0.15],
      [0.95, 0.95],
    ].map(([row, col]) => ({ row, col, visibility: 1 }));
    const four = {
      polygon: {
        points: [
          { row: 0, col: 0 },
          { row: 1, col: 0 },
          { row: 1, col: 1 },
          { row: 0, col: 1 },
        ],
      },
    };
    await patch(http, "merge", { data: { regions: [{ region_info: four }] } });
    await patch(http, "merge", { data: { regions: [{ region_info: { polygon: { points } }, data: face }] } });
    expect(await regionsOf(http)).toMatchObject([{ id: "r1", region_info: { polygon: { points } } }]);
    expect((await regionsOf(http))[0]?.region_info).toEqual({ polygon: { points } });
  });

  it("removes a region by its id, and nothing by another id", async () => {
    const http = await withBox();
    await patch(http, "remove", { data: { regions: [{ id: "r2", data: face }] } });
    expect(await regionsOf(http)).toHaveLength(1);
    await patch(http, "remove", { data: { regions: [{ id: "r1" }] } });
    expect(await regionsOf(http)).toEqual([]);
  });

  it("removes concepts of a region without an id, whatever the box, and the region with the last of them", async () => {
    const http = await withBox();
    await patch(http, "merge", { data: { regions: [{ data: { concepts: [{ id: "smile" }] } }] } });
    const without = (id: string) => ({ data: { regions: [{ region_info: second, data: { concepts: [{ id }] } }] } });
    await patch(http, "remove", without("smile"));
    expect((await regionsOf(http))[0]?.region_info).toEqual(first);
    expect(conceptsOf((await regionsOf(http))[0])).toEqual(["id-face"]);
    await patch(http, "remove", without("id-face"));
    expect(await regionsOf(http)).toEqual([]);
  });

  it.each([true, false])(
    "goes with its last region only if it is asked to (delete_if_empty_data: %s)",
    async (deletes) => {
      const http = await withBox();
      const region = { region_info: box(0.3, 0.3, 0.7, 0.6), data: { concepts: [{ id: "id-face" }] } };
      await patch(http, "remove", { data: { regions: [region] } }, { delete_if_empty_data: deletes });
      const { http: code, json } = await http.call("GET", "/inputs/bbox/annotations/demo");
      if (deletes) expect([code, json.status.code]).toEqual([404, 11101]);
      else expect(json.annotation.data).toEqual({});
    },
  );

  it("is deleted with its last metadata", async () => {
    const http = await withBox();
    await patch(http, "overwrite", { data: { metadata: { a: 1 } } });
    await patch(http, "remove", { data: { metadata: { a: true } } }, { delete_if_empty_data: true });
    expect((await http.call("GET", "/inputs/bbox/annotations/demo")).http).toBe(404);
  });

  it.each(["merge", "overwrite", "remove"])(
    "changes status and info alone by %s, and leaves the data",
    async (action) => {
      const http = await withBox();
      await patch(http, action, { status: { code: "ANNOTATION_AWAITING_REVIEW" } }, { delete_if_empty_data: true });
      await patch(http, action, { annotation_info: { by: "ann" } });
      const { annotation } = (await http.call("GET", "/inputs/bbox/annotations/demo")).json;
      expect(annotation).toMatchObject({ status: { code: 24157 }, annotation_info: { by: "ann" } });
      expect(annotation.data.regions).toHaveLength(1);
      await patch(http, action, { status: { code: 24158 } });
      expect((await http.call("GET", "/annotations?statuses=ANNOTATION_REVIEW_DENIED")).json.annotations).toHaveLength(
        1,
      );
    },
  );

  it("reports that unknown annotations do not exist, and patches the others", async () => {
    const { call } = await withBox();
    const annotations = ["demo", "nope"].map((id) => ({ id, input_id: "bbox", data: { concepts: [{ id: "night" }] } }));
    const { http, json } = await call("PATCH", "/annotations", { action: "merge", annotations });
    expect([http, json.status.code]).toEqual([200, 10010]);
    expect(json.annotations.map((annotation) => [annotation.id, annotation.status.code])).toEqual([
      ["demo", 24150],
      ["nope", 11101],
    ]);
  });

  it("refuses a patch with an invalid box, and keeps the old box", async () => {
    const http = await withBox();
    const annotations = [
      { id: "demo", input_id: "bbox", data: { regions: [{ region_info: box(0.9, 0.1, 0.1, 0.8) }] } },
    ];
    const { json } = await http.call("PATCH", "/annotations", { action: "merge", annotations });
    expect(json.annotations[0]?.status.code).toBe(24155);
    expect((await regionsOf(http))[0]?.region_info).toEqual(first);
  });
});
