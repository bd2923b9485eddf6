/** Connections and inputs: each row of the table of the official SDKs, done against the emulator. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, vi } from "vitest";
import {
  addAnnotations,
  batch,
  boundingBox,
  connect,
  download,
  flow,
  folder,
  fromIterable,
  type InputDraft,
  listAnnotations,
  listInputs,
  mask,
  patch,
  patchAnnotations,
  patchConcepts,
  polygon,
  remove,
  removeAnnotations,
  urls,
} from "../../../src/index.js";
import { annotationOf } from "../annotation-kinds.js";
import { makeAuthority, serveTls } from "../certificates.js";
import { smallContent } from "../small-contents.js";
import { openStore, temporaryFolder } from "../store.js";

import {
  boat,
  corners,
  drawn,
  files,
  holding,
  idsOf,
  image,
  inputsOf,
  note,
  photo,
  send,
  served,
  storedBytes,
  stores,
  storesImage,
  storesTable,
  storesText,
} from "./apps.js";

/** What the rows of connections and inputs say, by the first cell of the row. */
export const inputRows: Record<string, () => Promise<void>> = {
  "Inputs(user_id, app_id, pat)": async () => {
    const { app, store } = await openStore();
    const client = { userId: "me", appId: "main", pat: "any" };
    await stores((baseUrl) => connect({ ...client, baseUrl }), store.url, app);
  },
  "Inputs(user_id, app_id, token)": async () => {
    const { app, store } = await openStore();
    const client = { userId: "me", appId: "main", sessionToken: "any" };
    await stores((baseUrl) => connect({ ...client, baseUrl }), store.url, app);
  },
  "App(url)": async () => {
    const { app, store } = await openStore();
    vi.stubEnv("CLARIFAI_UI", "https://clarifai.example");
    onTestFinished(() => void vi.unstubAllEnvs());
    const client = { url: "https://clarifai.example/me/main/inputs", pat: "any" };
    await stores((baseUrl) => connect({ ...client, baseUrl }), store.url, app);
  },
  "Inputs(root_certificates_path)": async () => {
    const { app, store } = await openStore();
    const authority = makeAuthority();
    const port = await serveTls(authority.issue("IP:127.0.0.1"), store.url);
    const client = { pat: "any", caFile: authority.caFile, wire: "rest" } as const;
    await stores((baseUrl) => connect({ ...client, baseUrl }), `https://127.0.0.1:${port}`, app);
  },
  "inputs.upload_from_url(input_id, image_url=…)": async () => {
    const url = await served();
    const { app } = await openStore();
    await send(app, flow(fromIterable([{ id: "photo", image: { url } }])));
    expect((await storedBytes(app, "photo")).equals(smallContent("url", 0))).toBe(true);
    await send(app, flow(urls([url.replace("0.png", "1.png")])));
    expect(Object.keys(await inputsOf(app))).toHaveLength(2);
  },
  "inputs.upload_from_file(input_id, image_file=…)": () =>
    storesImage({ id: "photo", image: { path: files().file } }, smallContent("image", 1)),
  "inputs.upload_from_bytes(…)": () => storesImage(photo, image),
  "inputs.upload_text(input_id, raw_text)": () => storesText(note),
  "inputs.upload_inputs(list)": async () => {
    const { app } = await holding(photo, note);
    expect(Object.keys(await inputsOf(app)).sort()).toEqual(["note", "photo"]);
  },
  "Inputs.get_input_from_url(…)": async () => {
    const url = await served();
    const { app } = await openStore();
    await send(app, flow(fromIterable([{ id: "photo", image: { url } }])));
    expect((await inputsOf(app)).photo?.image).toMatchObject({ url });
  },
  "Inputs.get_input_from_file(…)": () =>
    storesImage({ id: "b", image: { path: join(files().path, "boat/b.png") } }, smallContent("image", 2)),
  "Inputs.get_input_from_bytes(…)": async () => {
    const { app } = await holding({ id: "sound", audio: { bytes: smallContent("audio", 0) } });
    expect((await inputsOf(app)).sound?.audio).toBeDefined();
  },
  "Inputs.get_text_input(…)": () => storesText({ ...note, datasets: ["train"] }),
  "Inputs.get_multimodal_input(…)": async () => {
    const { app } = await holding({ ...photo, text: "What is this?" });
    expect((await inputsOf(app)).photo).toMatchObject({ text: "What is this?" });
    expect((await storedBytes(app, "photo")).equals(image)).toBe(true);
  },
  "Inputs.get_image_inputs_from_folder(…)": async () => {
    const { app } = await holding();
    await send(app, flow(folder(files().path, { kinds: ["image"] })));
    const inputs = Object.values(await inputsOf(app));
    expect(inputs.map((input) => input.image !== undefined)).toEqual([true, true]);
  },
  "Inputs.get_text_inputs_from_folder(…)": async () => {
    const { app } = await holding();
    await send(app, flow(folder(join(files().path, "boat"), { kinds: ["text"] })));
    expect(Object.values(await inputsOf(app))).toMatchObject([{ text: "calm sea" }]);
  },
  "Inputs.get_inputs_from_csv(…)": () => storesTable(),
  "Inputs.get_bbox_proto(…)": () =>
    drawn(() => [boundingBox([0.1, 0.2, 0.5, 0.6], "boat")], {
      box: [0.1, 0.2, 0.5, 0.6].map((share) => expect.closeTo(share, 5) as number),
      concepts: boat,
    }),
  "Inputs.get_mask_proto(…)": async () => {
    const near = corners.map((corner) => corner.map((share) => expect.closeTo(share, 5) as number));
    await drawn(() => [polygon(corners, "boat")], { polygon: near, concepts: boat });
    await drawn(() => [mask(image, "boat")], { mask: { base64: image.toString("base64") }, concepts: boat });
  },
  "inputs.get_input(input_id)": async () => {
    const { app } = await holding(photo, note);
    expect(await flow(listInputs(app, { ids: ["note"] })).toArray()).toMatchObject([{ id: "note", text: "calm sea" }]);
  },
  "inputs.list_inputs(…)": async () => {
    const { app } = await holding(photo, note);
    expect(await idsOf(flow(listInputs(app)))).toEqual(["note", "photo"]);
    expect(await idsOf(flow(listInputs(app, { kinds: ["text"] })))).toEqual(["note"]);
  },
  "inputs.download_inputs(list)": async () => {
    const { app } = await holding(photo, note);
    const out = temporaryFolder();
    expect((await flow(listInputs(app)).pipe(download(out)).run()).counts).toMatchObject({ ok: 2, failed: 0 });
    const contents = readdirSync(out).filter((name) => /\.(png|txt)$/.test(name));
    expect(contents.map((name) => readFileSync(join(out, name)).toString("latin1")).sort()).toEqual(
      [image.toString("latin1"), "calm sea"].sort(),
    );
  },
  'inputs.patch_inputs(list, action="merge")': async () => {
    const { app } = await holding({ ...note, metadata: { a: 1 } });
    const change: InputDraft = { id: "note", metadata: { b: 2 }, concepts: [{ id: "sea" }] };
    await flow(fromIterable([change]))
      .pipe(batch(), patch(app, { action: "merge" }))
      .run();
    expect((await inputsOf(app)).note).toMatchObject({
      metadata: { a: 1, b: 2 },
      concepts: [{ id: "sea", value: 1 }],
    });
  },
  "inputs.patch_concepts(…)": async () => {
    const { app } = await holding(photo);
    const changes: InputDraft[] = [
      { concepts: [{ id: "boat", name: "A boat" }] },
      { id: "photo", concepts: [{ id: "boat", value: 0 }] },
    ];
    expect((await flow(fromIterable(changes)).pipe(patchConcepts(app)).run()).failures).toEqual([]);
    expect((await inputsOf(app)).photo?.concepts).toEqual([{ id: "boat", name: "A boat", value: 0 }]);
  },
  "inputs.delete_inputs(list)": async () => {
    const { app } = await holding(photo, note);
    await flow(fromIterable([{ id: "photo" }]))
      .pipe(batch(), remove(app))
      .run();
    expect(Object.keys(await inputsOf(app))).toEqual(["note"]);
  },
  "inputs.upload_annotations(…)": async () => {
    const { app } = await holding(photo);
    const row = { id: "photo", annotations: [annotationOf("mask"), annotationOf("point")] };
    const report = await flow(fromIterable([row]))
      .pipe(addAnnotations(app))
      .run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 0 });
    const found = (await inputsOf(app)).photo?.annotations ?? [];
    expect(found.map(({ id }) => id).sort()).toEqual(["a-mask", "a-point"]);
    expect(found.find(({ id }) => id === "a-point")).toMatchObject({ point: [0.5, 0], concepts: [{ id: "boat" }] });
  },
  "inputs.list_annotations(…)": async () => {
    const annotations = [annotationOf("box")];
    const { app } = await holding({ ...photo, annotations }, { ...photo, id: "other", annotations });
    const found = await flow(listAnnotations(app, { inputs: ["photo"] })).toArray();
    expect(found).toMatchObject([{ id: "photo", annotations: [{ id: "a-box", statusCode: 24157 }] }]);
  },
  "inputs.patch_annotations(…)": async () => {
    const { app } = await holding({ ...photo, annotations: [annotationOf("box")] });
    const box: [number, number, number, number] = [0, 0, 0.5, 1];
    const change = { id: "photo", annotations: [{ ...annotationOf("box"), box, info: { by: "us" } }] };
    const patched = await flow(fromIterable([change]))
      .pipe(batch(), patch(app))
      .run();
    expect(patched.failures).toEqual([]);
    await flow(listAnnotations(app))
      .pipe(patchAnnotations(app, { status: "review denied" }))
      .run();
    const [found] = (await inputsOf(app)).photo?.annotations ?? [];
    expect(found).toMatchObject({ box: [0, 0, 0.5, 1], info: { by: "us" }, statusCode: 24158 });
  },
  "inputs.delete_annotations(…)": async () => {
    const { app } = await holding({ ...photo, annotations: [annotationOf("box"), annotationOf("mask")] });
    const row = { id: "photo", annotations: [{ id: "a-box" }] };
    await flow(fromIterable([row]))
      .pipe(batch(), removeAnnotations(app))
      .run();
    expect((await inputsOf(app)).photo?.annotations.map(({ id }) => id)).toEqual(["a-mask"]);
  },
};
