/** Fault injection: faults happen as configured, and the records of the store show their effects. */

import { describe, expect, it, vi } from "vitest";
import { note, openHttp, picture } from "../helpers/http.js";

const pixel = Buffer.from("R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs=", "base64");

describe("a fault", () => {
  it("carries a request out twice, and returns the second answer", async () => {
    const { emulator, call } = await openHttp();
    emulator.faults.add({ method: "POST", times: 1, fault: { type: "twice" } });
    const { inputs } = (await call("POST", "/inputs", { inputs: [note("a")] })).json;
    expect(inputs.map(({ status }) => status.code)).toEqual([30100]);
    expect(emulator.stored()).toMatchObject([{ id: "a", timesStored: 1 }]);
    expect(emulator.faults.happenedByType).toEqual({ twice: 1 });
  });

  it("sends an answer, and a media file, in small chunks", async () => {
    const { emulator, add, call } = await openHttp();
    const [input] = await add(picture("a", pixel));
    emulator.faults.add({ fault: { type: "slow-bytes", ms: 16 } });
    expect((await call("GET", "/inputs/a")).json.input.id).toBe("a");
    const { prefix, suffix } = input?.data.image?.hosted ?? { prefix: "", suffix: "" };
    const response = await fetch(`${prefix}/orig/${suffix}`, { headers: { authorization: "Key any" } });
    expect(Buffer.from(await response.arrayBuffer())).toEqual(pixel);
    expect(emulator.faults.happened).toBe(2);
  });

  it.each([
    ["cuts a medium before its first byte", { type: "cut", when: "before" }],
    ["cuts a medium in its middle", { type: "truncated" }],
  ] as const)("%s", async (_, fault) => {
    const { emulator, add } = await openHttp();
    const [input] = await add(picture("a", pixel));
    emulator.faults.add({ path: "/media/", fault });
    const { prefix, suffix } = input?.data.image?.hosted ?? { prefix: "", suffix: "" };
    const download = fetch(`${prefix}/orig/${suffix}`, { headers: { authorization: "Key any" } });
    await expect(download.then((response) => response.arrayBuffer())).rejects.toThrow();
  });
});

it("lists deleted inputs, and how often each was stored", async () => {
  const { emulator, add, call } = await openHttp();
  for (let times = 0; times < 2; times += 1) {
    await add(note("a"));
    await call("DELETE", "/inputs", { ids: ["a"] });
    await vi.waitFor(() => expect(emulator.stored()).toEqual([]), { interval: 3, timeout: 20_000 });
  }
  await add(note("b"));
  expect(emulator.deleted()).toEqual([{ id: "a", timesStored: 2 }]);
});
