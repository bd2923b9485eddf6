import { describe, expect, it } from "vitest";
import { exampleBytes, jpeg } from "../../helpers/files.js";
import { app, openGrpc } from "../../helpers/grpc.js";

const key = { authorization: "Key any" };

describe("PostInputs over gRPC", () => {
  it("stores the bytes of every kind unchanged", async () => {
    const { emulator, add } = await openGrpc();
    const sent = {
      image: exampleBytes("harbour/quay.jpg"),
      audio: exampleBytes("media/foghorn.wav"),
      video: exampleBytes("media/ferry.mp4"),
    };
    for (const [kind, bytes] of Object.entries(sent)) {
      const [input] = await add({ id: kind, data: { [kind]: { base64: bytes } } });
      expect(input?.status).toMatchObject({ code: 30_000, description: "Download complete" });
      const url = input?.data[kind as keyof typeof sent]?.url ?? "";
      expect(url.startsWith(`${emulator.url}/media/`)).toBe(true);
      const response = await fetch(url, { headers: key });
      expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
    }
  });

  it("keeps concepts with the value 0, metadata, location, job and datasets", async () => {
    const { call, add } = await openGrpc();
    const concepts = [
      { id: "boat", value: 1 },
      { id: "car", value: 0 },
    ];
    const metadata = { fields: { split: { stringValue: "train" }, iso: { numberValue: 200 } } };
    const geo = { geo_point: { longitude: 4.48, latitude: 51.92 } };
    const text = { raw: "calm sea" };
    await call("PostDatasets", { user_app_id: app, datasets: [{ id: "train" }] });
    const [input] = await add({ id: "a", dataset_ids: ["train"], data: { text, concepts, metadata, geo } });
    expect(input?.data.text?.raw).toBe("calm sea");
    expect(input?.data.concepts).toMatchObject([
      { id: "boat", name: "boat", value: 1 },
      { id: "car", name: "car", value: 0 },
    ]);
    expect(input?.data.metadata).toMatchObject({
      fields: { split: { stringValue: "train" }, iso: { numberValue: 200 } },
    });
    expect(input?.data.geo?.geo_point.latitude).toBeCloseTo(51.92, 4);
    const { dataset_inputs: members } = await call("ListDatasetInputs", { user_app_id: app, dataset_id: "train" });
    expect(members.map((member) => member.input.id)).toEqual(["a"]);
  });

  it("answers the status of each input, and counts the accepted ones in the job", async () => {
    const { call } = await openGrpc();
    const image = await jpeg();
    const inputs = [
      { id: "a", data: { image: { base64: image } } },
      { id: "a", data: { image: { base64: image } } },
      { id: "b", data: {} },
    ];
    const answer = await call("PostInputs", { user_app_id: app, inputs_add_job_id: "job", inputs });
    expect(answer.status.code).toBe(10_010);
    expect(answer.inputs.map((input) => input.status.code)).toEqual([30_001, 30_100, 30_104]);
    expect(answer.inputs_add_job).toMatchObject({ id: "job", progress: { pending_count: "1" } });
  });

  it("writes what was posted over gRPC where REST reads it, and the other way round", async () => {
    const { emulator, add, call } = await openGrpc();
    await add({ id: "a", data: { text: { raw: "one" } } });
    const over = await fetch(`${emulator.url}/v2/inputs/a`, { headers: key });
    expect(await over.json()).toMatchObject({ input: { id: "a", data: { text: { raw: "one" } } } });
    const body = JSON.stringify({ inputs: [{ id: "b", data: { text: { raw: "two" } } }] });
    await fetch(`${emulator.url}/v2/inputs`, { method: "POST", headers: key, body });
    expect((await call("GetInput", { user_app_id: app, input_id: "b" })).input.data.text?.raw).toBe("two");
  });
});
