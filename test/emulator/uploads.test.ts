/** Uploads in parts: the emulator checks numbers, ranges, order and time of the parts. */

import { describe, expect, it } from "vitest";
import { openHttp } from "../helpers/http.js";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const part = (number: number, start: number, text: string) => ({
  part_number: number,
  range_start: start,
  data: base64(text),
});

/** Begins an upload of plain content, and returns a function that sends parts. */
async function begin(length: number, options = {}) {
  const { call, emulator, folder } = await openHttp(options);
  const { json } = await call("POST", "/uploads", { uploads: [{ content_name: "a.bin", content_length: length }] });
  const [upload] = (json as unknown as { uploads: { id: string; expires_at: string; status: { code: number } }[] })
    .uploads;
  const id = upload?.id ?? "";
  const put = (...parts: object[]) => call("PUT", `/uploads/${id}/content_parts`, { content_parts: parts });
  const state = async () =>
    ((await call("GET", `/uploads/${id}`)).json as unknown as { upload: { status: object } }).upload;
  return { call, emulator, folder, put, state, id };
}

describe("an upload in parts", () => {
  it("is done when all bytes have arrived, in any order, several parts in one request", async () => {
    const { put, state } = await begin(10);
    expect(await state()).toMatchObject({ content_name: "a.bin", content_length: 10, status: { code: 68000 } });
    expect((await put(part(3, 8, "ij"))).http).toBe(200);
    expect(await state()).toMatchObject({ status: { code: 68000, percent_completed: 20 } });
    const last = await put(part(1, 0, "abcd"), part(2, 4, "efgh"));
    expect(last.json).toMatchObject({ upload: { status: { code: 68001, percent_completed: 100 } } });
  });

  it("accepts a part that is sent again, also when it is done", async () => {
    const { put, state } = await begin(4);
    for (const _ of [1, 2]) expect((await put(part(1, 0, "ab"))).http).toBe(200);
    expect(await state()).toMatchObject({ status: { code: 68000, percent_completed: 50 } });
    for (const _ of [1, 2]) expect((await put(part(2, 2, "cd"))).http).toBe(200);
    expect(await state()).toMatchObject({ status: { code: 68001 } });
    expect((await put(part(2, 2, "xy"))).json.status.code).toBe(68006);
  });

  it.each([
    ["a number below 1", part(0, 4, "ef"), 68006],
    ["bytes that another part has", part(2, 1, "xx"), 68006],
    ["a number that another part has", part(1, 4, "ef"), 68006],
    ["a number against the order of the bytes", part(5, 4, "ef"), 68006],
    ["bytes behind the end", part(9, 9, "xy"), 11105],
    ["no bytes", { part_number: 9, range_start: 9 }, 11102],
    ["data that are not base64", { part_number: 9, range_start: 9, data: "?" }, 11102],
    ["an unknown field", { ...part(9, 9, "x"), size: 1 }, 11100],
  ])("refuses a part with %s", async (_, wrong, code) => {
    const { put, state } = await begin(10);
    await put(part(1, 0, "ab"), part(3, 8, "i"));
    const { json, http } = await put(wrong);
    expect(json.status.code).toBe(code);
    expect(http).toBe(400);
    expect(await state()).toMatchObject({ status: { code: 68000, percent_completed: 30 } });
  });

  it("expires, and takes no part after that", async () => {
    const { put, state } = await begin(4, { uploadExpiryMs: -1 });
    expect((await put(part(1, 0, "ab"))).json.status.code).toBe(68004);
    expect(await state()).toMatchObject({ status: { code: 68004 } });
  });

  it("of an archive whose time is over fails its job", async () => {
    const { call } = await openHttp({ uploadExpiryMs: -1 });
    const inputs_uploads = [{ inputs_add_job_id: "job", upload: { content_length: 4 } }];
    expect((await call("POST", "/inputs/uploads", { inputs_uploads })).http).toBe(200);
    expect((await call("GET", "/inputs/jobs/add/job")).json.inputs_add_job).toMatchObject({ status: { code: 64003 } });
    const again = await call("POST", "/inputs/uploads", { inputs_uploads });
    expect(again.json.status.code).toBe(64007);
  });

  it("is deleted with its parts, and unknown after that", async () => {
    const { call, put, id } = await begin(4);
    await put(part(1, 0, "ab"));
    expect((await call("DELETE", "/uploads", { ids: [id] })).http).toBe(200);
    expect((await call("GET", `/uploads/${id}`)).json.status.code).toBe(11101);
    expect((await put(part(2, 2, "cd"))).json.status.code).toBe(11101);
  });

  it("needs a length, and a template without what would make all inputs the same", async () => {
    const { call } = await openHttp();
    expect((await call("POST", "/uploads", { uploads: [{ content_name: "a" }] })).json.status.code).toBe(11102);
    const upload = { content_length: 4 };
    for (const [template, code] of [
      [{ id: "a" }, 10040],
      [{ data: { image: { url: "https://example.com/a.jpg" } } }, 10040],
      [{ dataset_ids: [""] }, 39999],
    ] as const) {
      const answer = await call("POST", "/inputs/uploads", { inputs_uploads: [{ upload, input_template: template }] });
      expect(answer.json.status.code).toBe(code);
    }
  });
});
