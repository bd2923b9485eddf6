/** The search, the order, the combined filters and the counts of the gallery. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { CountsShape, RecordShape } from "../../../src/emulator/gallery/shapes.js";
import { jpeg } from "../../helpers/files.js";
import { openGallery } from "../../helpers/gallery.js";
import { note, openHttp, picture } from "../../helpers/http.js";

type Fields = Record<string, unknown>;

/** Makes a text input with a file name. */
function named(id: string, filename: string, raw = "x", more: Fields = {}): Fields {
  return { id, data: { text: { raw }, metadata: { filename }, ...more } };
}

/** Opens the gallery of an emulator with these inputs. */
async function galleryOf(...inputs: Fields[]) {
  const http = await openHttp();
  if (inputs.length > 0) await http.add(...inputs);
  return { http, ...(await openGallery(http.emulator)) };
}

describe("the search of the gallery", () => {
  it("finds words in file names, ids and texts, whatever their case, accents and Unicode form are", async () => {
    const { find } = await galleryOf(
      named("dessert-1", "menu.txt", "Crème brûlée"),
      named("road", "ΟΔΟΣ.txt", "Die lange Straße"),
      named("tokyo", "写真_東京タワー.txt", "夜景"),
      named("decomposed", "A\u030angstro\u0308m.txt", "50% off_season"),
      named("istanbul", "İstanbul.txt", 'she said "no"'),
    );
    const cases: [search: string, ids: string[]][] = [
      ["creme BRULEE", ["dessert-1"]],
      ["brûlée", ["dessert-1"]],
      ["dessert", ["dessert-1"]],
      ["MENU.txt", ["dessert-1"]],
      ["οδος", ["road"]],
      ["STRASSE", ["road"]],
      ["東京", ["tokyo"]],
      ["夜", ["tokyo"]],
      ["景", ["tokyo"]],
      ["ångström", ["decomposed"]],
      ["istanbul", ["istanbul"]],
      ["50%", ["decomposed"]],
      ["f_s", ["decomposed"]],
      ["fxs", []],
      ['"no"', ["istanbul"]],
      ['" OR "', []],
      ["menu road", []],
      ["die lange", ["road"]],
      ["gE", ["road"]],
      ["zq", []],
      ["%", ["decomposed"]],
      ["   ", ["istanbul", "decomposed", "tokyo", "road", "dessert-1"]],
    ];
    for (const [q, ids] of cases) expect(await find({ q }), q).toEqual(ids);
  });

  it("checks every word of a long search, and matches nothing if there are too many words", async () => {
    const words = Array.from({ length: 64 }, (_, index) => `word${index}`);
    const { find } = await galleryOf(
      named("all", "a.txt", [...words, "more"].join(" ")),
      named("few", "b.txt", "word0 word1"),
    );
    expect(await find({ q: words.join(" ") })).toEqual(["all"]);
    expect(await find({ q: [...words.slice(0, 40), "absent"].join(" ") })).toEqual([]);
    expect(await find({ q: [...words, "more"].join(" ") })).toEqual([]);
  });

  it("finds the last characters of a text, and no word that is only spread over it", async () => {
    const { find } = await galleryOf(named("one", "a.txt", "abcdef"), named("two", "b.txt", "abc xyz def"));
    expect(await find({ q: "ef" })).toEqual(["two", "one"]);
    expect(await find({ q: "abcdef" })).toEqual(["one"]);
  });

  it("follows changes and deletions", async () => {
    const { http, find } = await galleryOf(named("one", "old.txt"), named("two", "other.txt"));
    expect(await find({ q: "old" })).toEqual(["one"]);
    await http.call("PATCH", "/inputs", {
      action: "merge",
      inputs: [{ id: "one", data: { metadata: { filename: "new.txt" } } }],
    });
    expect([await find({ q: "old" }), await find({ q: "new" })]).toEqual([[], ["one"]]);
    await http.call("DELETE", "/inputs", { ids: ["two"] });
    await expect.poll(() => find({ q: "other" })).toEqual([]);
    await http.add(named("two", "again.txt"));
    expect([await find({ q: "other" }), await find({ q: "again" })]).toEqual([[], ["two"]]);
  });

  it("combines with filters and orders, and finds the inputs of its own app only", async () => {
    const { http, find, ask } = await galleryOf(
      ...Array.from({ length: 20 }, (_, n) => named(`n${n}`, `${n}.txt`, "wave", { concepts: [{ id: `c${n % 4}` }] })),
    );
    await http.call("POST", "/v2/users/me/apps/other/inputs", { inputs: [named("foreign", "wave.txt", "wave")] });
    const { key } = (await ask<{ key: number; id: string }[]>("apps")).find(({ id }) => id === "main") ?? { key: 0 };
    const findHere = (parameters: Record<string, string>) => find({ ...parameters, app: key });
    await expect.poll(() => findHere({ q: "wave" })).toHaveLength(20);
    expect(await findHere({ q: "wave", concept: "c1", sort: "oldest" })).toEqual(["n1", "n5", "n9", "n13", "n17"]);
    expect(await findHere({ q: "wave", sort: "name" })).toEqual(Array.from({ length: 20 }, (_, n) => `n${n}`));
  });

  it("finds words of texts that the emulator fetches, also if it was opened before", async () => {
    const server = createServer((_, response) =>
      response.setHeader("content-type", "text/plain").end("A hosted harbour"),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { http, find } = await galleryOf(note("first"));
    expect(await find()).toEqual(["first"]);
    await http.add({ id: "fetched", data: { text: { url: `http://127.0.0.1:${port}/a.txt` } } });
    expect(await find({ q: "harbour" })).toEqual(["fetched"]);
  });

  it("is not harmed by half of a surrogate pair", async () => {
    const { http, find } = await galleryOf();
    const half = String.raw`{"inputs":[{"id":"half","data":{"text":{"raw":"a\ud800b wave"},"metadata":{"filename":"\udfff.txt"}}}]}`;
    await http.call("POST", "/inputs", half);
    expect(await find({ q: "wave" })).toEqual(["half"]);
  });
});

describe("the order of the gallery", () => {
  it("is by time, name, size or number of annotations", async () => {
    const { http, find } = await galleryOf(
      named("b", "img10.txt", "12345"),
      named("c", "IMG2.txt", "123"),
      note("a", { text: { raw: "1234567" } }),
      named("d", "écran.txt", "1"),
    );
    const data = { regions: [{ region_info: { point: { row: 0, col: 0 } }, data: { concepts: [{ id: "k" }] } }] };
    const annotations = ["c", "c", "d"].map((input_id) => ({ input_id, data }));
    await http.call("POST", "/annotations", { annotations });
    const orders = {
      newest: ["d", "a", "c", "b"],
      oldest: ["b", "c", "a", "d"],
      name: ["a", "d", "c", "b"],
      size: ["a", "b", "c", "d"],
      annotations: ["c", "d", "a", "b"],
    };
    for (const [sort, ids] of Object.entries(orders)) expect(await find({ sort }), sort).toEqual(ids);
  });

  it("has pages without gaps", async () => {
    const { ask } = await galleryOf(...Array.from({ length: 25 }, (_, n) => named(`n${n}`, `${(n * 7) % 25}.txt`)));
    await expect.poll(async () => (await ask<{ indexing: number }>("changes")).indexing).toBe(0);
    for (const sort of ["oldest", "name", "size", "annotations"]) {
      const pages = [0, 10, 20].map((skip) => ask("inputs", { sort, skip, limit: 10 }));
      const ids = (await Promise.all(pages)).flatMap(({ items }) => items.map(({ id }) => id));
      expect(new Set(ids).size, sort).toBe(25);
    }
    const first = await ask("inputs", { sort: "oldest", limit: 10 });
    const next = await ask("inputs", { sort: "oldest", limit: 1, top: first.top, after: first.items.at(-1)?.seq ?? 0 });
    expect(next.items[0]?.id).toBe("n10");
  });
});

describe("filters of the gallery with several values", () => {
  const inputs = async () => [
    note("one", { concepts: [{ id: "sea" }] }),
    { ...note("two", { concepts: [{ id: "sea" }, { id: "boat" }] }), dataset_ids: ["train"] },
    { ...note("three", { concepts: [{ id: "boat" }] }), dataset_ids: ["test"] },
    note("four"),
    picture("photo", await jpeg()),
    picture("broken", Buffer.from("not an image at all")),
  ];
  const several = (values: string[], name: string) =>
    new URLSearchParams(values.map((value): [string, string] => [name, value]));

  it("find the inputs that have any of them, each once", async () => {
    const { find } = await galleryOf(...(await inputs()));
    expect(await find(several(["sea", "boat"], "concept"))).toEqual(["three", "two", "one"]);
    expect(await find(several(["test", "train"], "dataset"))).toEqual(["three", "two"]);
    expect(await find(several(["sea", "unknown"], "concept"))).toEqual(["two", "one"]);
    expect(await find(several(["image", "audio"], "kind"))).toEqual(["broken", "photo"]);
    expect(await find(several(["failed", "waiting"], "status"))).toEqual(["broken"]);
    expect(await find(several(["30002", "30000"], "status"))).toHaveLength(6);
  });

  it("match nothing if they are invalid", async () => {
    const { find } = await galleryOf(...(await inputs()));
    const invalid: Record<string, string>[] = [
      { kind: "picture" },
      { status: "done" },
      { area: "1,2,3" },
      { concept: "unknown" },
    ];
    for (const filter of invalid) {
      expect(await find(filter), JSON.stringify(filter)).toEqual([]);
    }
  });

  it("are counted by what the other filters leave", async () => {
    const { find, ask } = await galleryOf(...(await inputs()));
    await find();
    const counts = async (filter: Record<string, string>) => {
      const { kinds, statuses, datasets, concepts } = await ask<CountsShape>("counts", filter);
      const pairs = [
        ...kinds.map(({ kind, count }) => [kind, count]),
        ...statuses.map(({ state, count }) => [state, count]),
        ...datasets.map(({ id, count }) => [id, count]),
        ...concepts.map(({ id, count }) => [id, count]),
      ];
      return Object.fromEntries(pairs) as Record<string, number>;
    };
    const whole = { text: 4, image: 2, ready: 5, failed: 1, train: 1, test: 1, sea: 2, boat: 2 };
    expect(await counts({})).toEqual(whole);
    expect(await counts({ kind: "image" })).toEqual({ text: 4, image: 2, ready: 1, failed: 1 });
    expect(await counts({ concept: "sea" })).toEqual({ text: 2, ready: 2, train: 1, sea: 2, boat: 2 });
    expect(await counts({ concept: "sea", dataset: "train" })).toEqual({
      text: 1,
      ready: 1,
      train: 1,
      sea: 1,
      boat: 1,
    });
    expect(await counts({ q: "note" })).toEqual({ text: 4, ready: 4, train: 1, test: 1, sea: 2, boat: 2 });
    expect(await counts({ status: "failed" })).toEqual({ image: 1, ready: 5, failed: 1 });
    expect(await counts({ concept: "unknown" })).toEqual({ sea: 2, boat: 2 });
  });
});

describe("names and links of the gallery", () => {
  it("are the file name, or the name in the URL, and the id", async () => {
    const http = await openHttp({ urls: "accept" });
    await http.add(
      named("one", "Crème.txt"),
      { id: "two", data: { image: { url: "https://a.test/x/lost%20boat.jpg?sig=1#part" } } },
      { id: "three", data: { image: { url: "https://a.test/" } } },
      note("four", { metadata: { filename: 5 } }),
    );
    const { ask } = await openGallery(http.emulator);
    const { items } = await ask("inputs");
    expect(items.map(({ name }) => name)).toEqual([undefined, undefined, "lost boat.jpg", "Crème.txt"]);
    expect((await ask<RecordShape>("record", { id: "two" })).item).toMatchObject({ id: "two", name: "lost boat.jpg" });
    await expect(ask("record", { id: "five" })).rejects.toThrow("404");
  });
});
