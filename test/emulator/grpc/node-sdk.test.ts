import { App, Dataset, Input, Search, User } from "clarifai-nodejs";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { example, exampleBytes, folderWith } from "../../helpers/files.js";
import { openGrpc } from "../../helpers/grpc.js";
import { temporaryFolder } from "../../helpers/store.js";

const where = { user_app_id: { user_id: "ann", app_id: "demo" } };

/** Opens an emulator, and an app of the vendor's SDK there. */
async function openSdk() {
  for (const method of ["log", "info", "warn"] as const) {
    const silent = vi.spyOn(console, method).mockImplementation(() => {});
    onTestFinished(() => silent.mockRestore());
  }
  const { emulator, call } = await openGrpc({ urls: "accept" });
  const authConfig = () => ({ pat: "any", userId: "ann", appId: "demo", base: emulator.grpcUrl ?? "" });
  await new User(authConfig()).createApp({ appId: "demo", baseWorkflow: "Empty" });
  const stored = () => emulator.stored("ann", "demo");
  return { emulator, call, authConfig, stored, input: new Input({ authConfig: authConfig() }) };
}

describe("the unmodified SDK for Node", () => {
  it("uploads bytes, files, URLs and texts", async () => {
    const { input, stored, emulator, call } = await openSdk();
    const image = exampleBytes("harbour/quay.jpg");
    const metadata = { split: "train", size: 5 };
    await input.uploadFromBytes({ inputId: "image", imageBytes: image, labels: ["boat"], metadata });
    await input.uploadFromBytes({ inputId: "video", videoBytes: exampleBytes("media/ferry.mp4") });
    await input.uploadFromFile({ inputId: "audio", audioFile: example("media/foghorn.wav") });
    await input.uploadText({ inputId: "text", rawText: "calm sea" });
    await input.uploadFromUrl({ inputId: "url", imageUrl: "https://img.example/quay.jpg" });
    const ids = ["image", "video", "audio", "text", "url"];
    expect(stored().map(({ id }) => id)).toEqual(ids);
    await vi.waitFor(async () => {
      const { inputs } = await call("ListInputs", where);
      expect(inputs.map((one) => one.status.code)).toEqual(ids.map(() => 30_000));
    });
    const { input: found } = await call("GetInput", { ...where, input_id: "image" });
    expect(found.data.concepts).toMatchObject([{ id: "id-boat", value: 1 }]);
    expect(found.data.metadata).toMatchObject({
      fields: { split: { stringValue: "train" }, size: { numberValue: 5 } },
    });
    const url = found.data.image?.url ?? "";
    expect(url.startsWith(emulator.url)).toBe(true);
    const response = await fetch(url, { headers: { authorization: "Key any" } });
    expect(Buffer.from(await response.arrayBuffer()).equals(image)).toBe(true);
  });

  it("uploads a folder into a dataset in batches, and waits for their jobs", async () => {
    const { authConfig, stored, call } = await openSdk();
    const app = new App({ authConfig: authConfig() });
    await app.createDataset({ datasetId: "harbour" });
    const dataset = new Dataset({ authConfig: authConfig(), datasetId: "harbour" });
    const folderPath = folderWith(temporaryFolder(), {
      "one.jpg": exampleBytes("harbour/quay.jpg"),
      "two.jpg": exampleBytes("harbour/quay.jpg"),
    });
    await dataset.uploadFromFolder({ folderPath, inputType: "image", labels: false, batchSize: 1 });
    expect(stored().map(({ id }) => id)).toHaveLength(2);
    expect((await call("ListDatasetInputs", { ...where, dataset_id: "harbour" })).dataset_inputs).toHaveLength(2);
    const pages: string[] = [];
    for await (const page of app.listDataSets()) pages.push(...page.map(({ id }) => id));
    expect(pages).toEqual(["harbour"]);
  }, 30_000);

  it("patches inputs, adds annotations, and searches", async () => {
    const { input, authConfig, call } = await openSdk();
    await input.uploadFromBytes({ inputId: "a", imageBytes: exampleBytes("harbour/quay.jpg") });
    const patch = Input.getTextInput({ inputId: "a", rawText: "", metadata: { split: "test" } });
    patch.getData()?.clearText();
    await input.patchInputs({ inputs: [patch] });
    const annotation = Input.getBboxProto({ inputId: "a", label: "boat", bbox: [0.1, 0.1, 0.8, 0.9] });
    expect(await input.uploadAnnotations({ batchAnnot: [annotation] })).toEqual([]);
    const { annotations } = await call("ListAnnotations", { ...where, input_ids: ["a"] });
    expect(annotations.map(({ data }) => data.regions?.length ?? 0)).toEqual([1, 0]);
    const search = new Search({ authConfig: authConfig(), topK: 5, metric: "euclidean" });
    const { value } = await search.query({ filters: [{ metadata: { split: "test" } }] }).next();
    expect(value?.hitsList).toHaveLength(1);
  });

  it("reports a refusal of the emulator", async () => {
    const { input, stored } = await openSdk();
    await input.uploadText({ inputId: "a", rawText: "one" });
    await expect(input.uploadText({ inputId: "a", rawText: "two" })).rejects.toThrow(/Failure|duplicate/i);
    expect(stored()).toHaveLength(1);
  });
});
