/** Inputs, files and apps for the tests of the table of the official SDKs. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import {
  type App,
  annotate,
  batch,
  csv,
  type Flow,
  flow,
  fromIterable,
  type Input,
  type InputDraft,
  listInputs,
  upload,
} from "../../../src/index.js";
import { serveContents, smallContent } from "../small-contents.js";
import { openStore, temporaryFolder } from "../store.js";

export const image = smallContent("image", 0);
export const photo: InputDraft = {
  id: "photo",
  image: { bytes: image },
  concepts: [{ id: "boat", name: "boat", value: 1 }],
};
export const note: InputDraft = { id: "note", text: "calm sea" };

export async function send(app: App, source: Flow): Promise<void> {
  const report = await source.pipe(batch(), upload(app)).run();
  expect(report.failures).toEqual([]);
  expect(report.counts.ok).toBeGreaterThan(0);
}

/** An app with these inputs. */
export async function holding(...drafts: InputDraft[]) {
  const opened = await openStore({ deleteDelayMs: 1 });
  if (drafts.length > 0) await send(opened.app, flow(fromIterable(drafts)));
  return opened;
}

/** Returns the inputs of an app by id, whole. */
export async function inputsOf(app: App): Promise<Record<string, Input>> {
  const inputs = await flow(listInputs(app, { annotations: true, datasets: true })).toArray();
  return Object.fromEntries(inputs.map((input) => [input.id, input]));
}

export const idsOf = async (source: Flow) => (await source.toArray()).map(({ id }) => id).sort();

/** Returns the bytes that the app stores for an image. */
export async function storedBytes(app: App, id: string): Promise<Buffer> {
  const content = (await inputsOf(app))[id]?.image as { hostedUrl?: string } | undefined;
  const url = content?.hostedUrl ?? "none";
  const response = await fetch(url, { headers: { ...app.authorize(new URL(url))?.headers } });
  return Buffer.from(await response.arrayBuffer());
}

/** A folder with two images, a text, and a table. */
export function files() {
  const path = temporaryFolder();
  mkdirSync(join(path, "boat"));
  writeFileSync(join(path, "boat", "a.png"), smallContent("image", 1));
  writeFileSync(join(path, "boat", "b.png"), smallContent("image", 2));
  writeFileSync(join(path, "boat", "c.txt"), "calm sea");
  const table = join(path, "table.csv");
  writeFileSync(table, 'inputid,input,concepts,metadata,geopoints\nrow,fog,"sea,sky","{""n"":1}","4.5,51.5"\n');
  return { path, table, file: join(path, "boat", "a.png") };
}

export async function served(): Promise<string> {
  const { origin, server } = await serveContents();
  onTestFinished(() => void server.close());
  return `${origin}/0.png`;
}

export async function storesImage(draft: InputDraft, bytes: Uint8Array): Promise<void> {
  const { app } = await holding(draft);
  expect(Object.keys(await inputsOf(app))).toEqual([draft.id]);
  expect((await storedBytes(app, draft.id as string)).equals(bytes)).toBe(true);
}

export async function storesText(draft: InputDraft): Promise<void> {
  const { app } = await holding(draft);
  expect((await inputsOf(app)).note).toMatchObject({ text: "calm sea" });
}

export async function storesTable(datasets: string[] = []): Promise<void> {
  const { app } = await holding();
  await send(app, flow(csv(files().table, { datasets })));
  const expected = { text: "fog", metadata: { n: 1 }, geo: { longitude: 4.5, latitude: 51.5 }, datasets };
  const { row } = await inputsOf(app);
  expect(row).toMatchObject(expected);
  expect(row?.concepts.map(({ id, value }) => [id, value])).toEqual([
    ["sea", 1],
    ["sky", 1],
  ]);
}

export async function drawn(made: Parameters<typeof annotate>[0], expected: object): Promise<void> {
  const { app } = await holding();
  await send(app, flow(fromIterable([photo])).pipe(annotate(made)));
  const found = (await inputsOf(app)).photo?.annotations;
  expect(found).toHaveLength(1);
  expect(found?.[0]).toMatchObject(expected);
}

export const corners: [number, number][] = [
  [0.1, 0.1],
  [0.9, 0.1],
  [0.5, 0.9],
];
export const boat = [expect.objectContaining({ id: "boat", value: 1 }) as object];

/** Three inputs of which one is in each dataset. */
export const three: InputDraft[] = [
  { ...photo, datasets: ["train"], metadata: { split: "a" }, geo: { longitude: 4.5, latitude: 51.5 } },
  { ...note, datasets: ["best"], metadata: { split: "a" } },
  {
    id: "far",
    text: "far away",
    concepts: [{ id: "boat", name: "boat", value: 0 }],
    geo: { longitude: 100, latitude: 1 },
  },
];

export async function stores(client: (url: string) => Promise<App>, url: string, app: App): Promise<void> {
  const mine = await client(url);
  onTestFinished(() => mine.close());
  await send(mine, flow(fromIterable([note])));
  expect(Object.keys(await inputsOf(app))).toEqual(["note"]);
}

export const versionOf = async (app: App) => (await app.createDatasetVersion("train", { id: "v1" })).id;
