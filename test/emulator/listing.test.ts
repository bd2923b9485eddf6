import { describe, expect, it } from "vitest";
import { type Http, note, openHttp, picture } from "../helpers/http.js";

/** Starts an emulator with the inputs `c`, `a`, `e`, `b`, `d`, added in this order. */
async function withFive(): Promise<Http> {
  const http = await openHttp();
  for (const id of ["c", "a", "e", "b", "d"]) await http.add(note(id));
  return http;
}

async function ids({ call }: Http, path: string): Promise<string> {
  const { status, inputs } = (await call("GET", path)).json;
  expect(status.code).toBe(10000);
  return inputs.map((input) => input.id).join("");
}

describe("listing inputs", () => {
  it.each([
    ["", "dbeac"],
    ["?per_page=2", "db"],
    ["?per_page=2&page=2", "ea"],
    ["?per_page=2&page=3", "c"],
    ["?per_page=2&page=4", ""],
    ["?ids=a&ids=c&ids=nope", "ac"],
    ["?ids=a&ids=c&per_page=1&page=2", "c"],
    ["?ids=a,c", ""],
    ["?status.code=0", "dbeac"],
  ])("with %s returns %j, newest first", async (query, expected) => {
    expect(await ids(await withFive(), `/inputs${query}`)).toBe(expected);
  });

  it.each([
    ["30000", "ok"],
    ["INPUT_SUCCESS", "ok"],
    ["INPUT_DOWNLOAD_SUCCESS", "ok"],
    ["input_success", "ok"],
    ["30002", "broken"],
    ["INPUT_DOWNLOAD_FAILED", "broken"],
    ["30001", ""],
  ])("with status.code=%s returns %j", async (code, expected) => {
    const http = await openHttp();
    await http.add(note("ok"), picture("broken", Buffer.from("nothing")));
    expect(await ids(http, `/inputs?status.code=${code}`)).toBe(expected);
  });

  it("refuses an unknown status", async () => {
    const { call } = await withFive();
    expect(await call("GET", "/inputs?status.code=INPUT_SUCESS")).toMatchObject({
      http: 400,
      json: { status: { code: 11102 } },
    });
  });

  it("has pages of 128 by default, and of 20 in a stream", async () => {
    const http = await openHttp();
    await http.call("POST", "/inputs", { inputs: Array.from({ length: 128 }, (_, n) => note(`n${n}`)) });
    await http.call("POST", "/inputs", { inputs: [note("last")] });
    expect((await http.call("GET", "/inputs")).json.inputs).toHaveLength(128);
    expect((await http.call("GET", "/inputs/stream")).json.inputs).toHaveLength(20);
  });

  it("returns empty lists", async () => {
    const { call } = await openHttp();
    for (const name of ["inputs", "annotations", "concepts", "datasets"]) {
      expect((await call("GET", `/${name}`)).json).toMatchObject({ status: { code: 10000 }, [name]: [] });
    }
  });
});

describe("streaming inputs", () => {
  it.each([
    ["?per_page=3", "cae"],
    ["?per_page=3&last_id=e", "bd"],
    ["?last_id=d", ""],
    ["?descending=true&per_page=3", "dbe"],
    ["?descending=True&last_id=e", "ac"],
    ["?order_by_id=true", "abcde"],
    ["?order_by_id=true&last_id=b", "cde"],
    ["?order_by_id=True&descending=True&last_id=c", "ba"],
    ["?descending=false", "caebd"],
  ])("with %s returns %j", async (query, expected) => {
    expect(await ids(await withFive(), `/inputs/stream${query}`)).toBe(expected);
  });

  it("continues after an input that was deleted in the meantime, and finds added inputs", async () => {
    const http = await withFive();
    await http.call("DELETE", "/inputs/e");
    await expect.poll(() => http.emulator.stored().length).toBe(4);
    await http.add(note("f"));
    expect(await ids(http, "/inputs/stream?last_id=e")).toBe("bdf");
  });

  it("refuses to continue after an input that never existed", async () => {
    const { call } = await withFive();
    expect(await call("GET", "/inputs/stream?last_id=nope")).toMatchObject({
      http: 404,
      json: { status: { code: 11101 } },
    });
  });
});
