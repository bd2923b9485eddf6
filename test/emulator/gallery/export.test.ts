/** Exports of the gallery, unpacked with another library and read by the sources. */

import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { type Entry, fromBuffer, type ZipFile } from "yauzl";
import { flow } from "../../../src/core/flow/flow.js";
import type { Input } from "../../../src/core/input/input.js";
import type { Source } from "../../../src/core/plugin/source.js";
import type { AppShape } from "../../../src/emulator/gallery/shapes.js";
import { coco } from "../../../src/sources/coco.js";
import { imageFolder } from "../../../src/sources/image-folder.js";
import { jsonl } from "../../../src/sources/jsonl.js";
import { labelStudio } from "../../../src/sources/label-studio.js";
import { voc } from "../../../src/sources/voc.js";
import { yolo } from "../../../src/sources/yolo.js";
import { jpeg } from "../../helpers/files.js";
import { openGallery } from "../../helpers/gallery.js";
import { type Http, note, openHttp, picture } from "../../helpers/http.js";
import { smallContent } from "../../helpers/small-contents.js";
import { temporaryFolder } from "../../helpers/store.js";

const corners = [
  [0.25, 0.25],
  [0.75, 0.25],
  [0.5, 0.75],
];

function withMetadata(input: Record<string, unknown>, metadata: Record<string, unknown>) {
  return { ...input, data: { ...(input.data as object), metadata } };
}

/** Starts an emulator with two images in two splits, a box, a polygon, a text, a video and a broken image. */
async function filled(): Promise<Http> {
  const http = await openHttp();
  const inputs = [
    withMetadata(picture("one", await jpeg(40, 20)), { filename: "first photo.jpg", split: "train" }),
    withMetadata(picture("two", await jpeg(20, 40)), { filename: "second.jpg", split: "val" }),
    picture("broken", Buffer.from("not an image at all")),
    note("words"),
    { id: "clip", data: { video: { base64: smallContent("video", 1).toString("base64") } } },
  ];
  for (const input of inputs) await http.add(input);
  const box = { bounding_box: { left_col: 0.25, top_row: 0.5, right_col: 0.75, bottom_row: 1 } };
  const polygon = { polygon: { points: corners.map(([col, row]) => ({ col, row })) } };
  const drawn = (id: string, input: string, region_info: object, concept: string) => ({
    ...{ id, input_id: input },
    data: { regions: [{ region_info, data: { concepts: [{ id: concept, name: concept, value: 1 }] } }] },
  });
  const annotations = [drawn("a", "one", box, "cat"), drawn("b", "two", polygon, "dog")];
  expect((await http.call("POST", "/annotations", { annotations })).json).toMatchObject({ status: { code: 10000 } });
  return http;
}

/** Requests an export as the page does. */
async function request(http: Http, parameters: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  const { session, ask, find } = await openGallery(http.emulator);
  await find();
  const [app] = (await ask("apps")) as unknown as AppShape[];
  const query = new URLSearchParams({ app: String(app?.key), ...parameters });
  const headers = { "x-sluice-session": session };
  return fetch(`${http.emulator.url}/gallery/export?${query}`, { headers, ...(signal && { signal }) });
}

/** Unpacks an answer, and returns the folder in it. */
async function unpacked(response: Response): Promise<string> {
  expect(response.status).toBe(200);
  const folder = temporaryFolder();
  const bytes = Buffer.from(await response.arrayBuffer());
  const zip = await new Promise<ZipFile>((resolve, reject) => {
    fromBuffer(bytes, { lazyEntries: true }, (error, opened) => (error ? reject(error) : resolve(opened)));
  });
  await new Promise<void>((resolve, reject) => {
    zip.on("entry", (entry: Entry) => {
      zip.openReadStream(entry, async (error, stream) => {
        if (error) return reject(error);
        const path = join(folder, entry.fileName);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, Buffer.concat(await stream.toArray()));
        zip.readEntry();
      });
    });
    zip.on("end", resolve);
    zip.on("error", reject);
    zip.readEntry();
  });
  const [name = ""] = readdirSync(folder);
  return join(folder, name);
}

async function inputsOf(source: Source): Promise<Input[]> {
  const inputs: Input[] = [];
  for await (const input of flow(source)) inputs.push(input);
  return inputs;
}

const formats: [format: string, read: (folder: string) => Source, polygon: "polygon" | "box"][] = [
  ["coco", (folder) => coco(folder), "polygon"],
  ["yolo", (folder) => yolo(folder), "box"],
  ["yolo-segment", (folder) => yolo(folder, { task: "segment" }), "polygon"],
  ["voc", (folder) => voc(folder), "box"],
  ["image-folder", (folder) => imageFolder(folder), "box"],
  ["label-studio", (folder) => labelStudio(join(folder, "tasks.json"), { root: dirname(folder) }), "polygon"],
];

it.each(formats)("exports images and annotations as %s, and lists the other inputs", async (format, read, shape) => {
  const http = await filled();
  const response = await request(http, { format });
  expect(response.headers.get("content-disposition")).toBe(`attachment; filename*=UTF-8''main-${format}.zip`);
  expect([response.headers.get("x-sluice-exported"), response.headers.get("x-sluice-not-exported")]).toEqual([
    "2",
    "3",
  ]);
  const folder = await unpacked(response);
  // The polygon became its box, or the box a polygon.
  const isLossy = format !== "coco" && format !== "label-studio";
  expect(response.headers.get("x-sluice-losses")).toBe(isLossy ? "losses.jsonl" : "");
  expect(existsSync(join(folder, "losses.jsonl"))).toBe(isLossy);
  const inputs = (await inputsOf(read(folder))).sort((one, other) =>
    String(one.metadata.filename).localeCompare(String(other.metadata.filename)),
  );
  expect(inputs.map(({ metadata }) => [metadata.filename, metadata.split])).toEqual([
    ["first photo.jpg", "train"],
    ["second.jpg", "val"],
  ]);
  const [first, second] = inputs.map(({ annotations }) => annotations[0]);
  expect(first?.concepts.map(({ id }) => id)).toEqual(["cat"]);
  const rounded = (shares: readonly number[] | undefined) => shares?.map((share) => Number(share.toFixed(6)));
  const corner = rounded(first?.box ?? first?.polygon?.flat())?.slice(0, 2);
  expect(corner).toEqual([0.25, 0.5]);
  if (format !== "yolo-segment") expect(rounded(first?.box)).toEqual([0.25, 0.5, 0.75, 1]);
  expect(second?.concepts.map(({ id }) => id)).toEqual(["dog"]);
  if (shape === "polygon") expect(rounded(second?.polygon?.flat())).toEqual(corners.flat());
  else expect(rounded(second?.box)).toEqual([0.25, 0.25, 0.75, 0.75]);
  const left = readFileSync(join(folder, "not-exported.txt"), "utf8").trimEnd().split("\n").sort();
  expect(left).toEqual([
    expect.stringMatching(/^broken\tits processing failed: /),
    expect.stringMatching(/^clip\t.* holds images only; this input is video$/),
    expect.stringMatching(/^words\t.* holds images only; this input is text$/),
  ]);
  expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
  await expect.poll(() => readdirSync(join(http.folder, "gallery-exports"))).toEqual([]);
});

it("exports inputs of all kinds as JSON Lines that the source reads with their records and files", async () => {
  const folder = await unpacked(await request(await filled(), { format: "jsonl" }));
  const inputs = await inputsOf(jsonl(join(folder, "manifest.jsonl")));
  expect(inputs.map(({ id }) => id).sort()).toEqual(["clip", "one", "two", "words"]);
  const one = inputs.find(({ id }) => id === "one");
  expect(one).toMatchObject({
    image: { path: join(folder, "files/first photo.jpg") },
    annotations: [{ box: [0.25, 0.5, 0.75, 1], concepts: [{ id: "cat" }] }],
  });
  expect(readFileSync(join(folder, "files/words.txt"), "utf8")).toBe("note words");
  expect(readFileSync(join(folder, "not-exported.txt"), "utf8")).toMatch(/^broken\tits processing failed: .*\n$/);
});

it("exports what the filters find", async () => {
  const response = await request(await filled(), { format: "coco", key: "split", value: "val" });
  const folder = await unpacked(response);
  expect(existsSync(join(folder, "not-exported.txt"))).toBe(false);
  expect((await inputsOf(coco(folder))).map(({ metadata }) => metadata.filename)).toEqual(["second.jpg"]);
});

it("keeps images of one name apart, and names an image without file name by its id", async () => {
  const http = await openHttp();
  const same = { filename: "a.jpg" };
  await http.add(
    withMetadata(picture("x", await jpeg(10, 10)), same),
    withMetadata(picture("y", await jpeg(12, 12)), same),
    picture("unnamed", await jpeg(14, 14)),
  );
  const folder = await unpacked(await request(http, { format: "coco" }));
  const names = readdirSync(join(folder, "images"));
  expect(names).toHaveLength(3);
  expect(names).toEqual(expect.arrayContaining(["a.jpg", "unnamed.jpg"]));
});

it("answers with a text if nothing can be exported, or the request is wrong", async () => {
  const http = await filled();
  const texts: [Record<string, string>, number, RegExp][] = [
    [{ format: "voc", kind: "text" }, 422, /^The input that matches cannot be exported as Pascal VOC: words: /],
    [{ format: "coco", q: "nothing" }, 422, /no input matches/],
    [{ format: "toString" }, 400, /names no format/],
    [{ format: "coco", app: "77" }, 404, /does not exist/],
  ];
  for (const [parameters, status, text] of texts) {
    const response = await request(http, parameters);
    expect([response.status, await response.text()]).toEqual([status, expect.stringMatching(text)]);
  }
  expect((await fetch(`${http.emulator.url}/gallery/export?app=1&format=coco`)).status).toBe(401);
  expect(readdirSync(join(http.folder, "gallery-exports"))).toEqual([]);
});

it("removes what it made when the browser leaves before the end of the download", async () => {
  const http = await openHttp();
  await http.add(picture("large", await jpeg(40, 20)));
  const [row] = http.emulator.stored();
  const sha256 = row?.sha256 ?? "";
  // The archive must be larger than the buffers of a connection, so that the server waits for a reader.
  truncateSync(join(http.folder, "media", sha256.slice(0, 2), sha256), 48_000_000);
  const abort = new AbortController();
  const response = await request(http, { format: "coco" }, abort.signal);
  expect(response.status).toBe(200);
  expect(readdirSync(join(http.folder, "gallery-exports"))).toHaveLength(1);
  abort.abort();
  await expect.poll(() => readdirSync(join(http.folder, "gallery-exports"))).toEqual([]);
});
