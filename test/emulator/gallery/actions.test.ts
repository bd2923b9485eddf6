/** Actions on inputs that were selected in the gallery, and their undo. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type {
  ActionDetailShape,
  ActionRequest,
  ActionShape,
  SelectionShape,
} from "../../../src/emulator/gallery/actions/shapes.js";
import { jpeg } from "../../helpers/files.js";
import { type GalleryClient, openGallery, post } from "../../helpers/gallery.js";
import { type Http, note, openHttp, picture } from "../../helpers/http.js";

/** An open gallery, as its page uses it. */
async function workbench(http: Http) {
  const gallery = await openGallery(http.emulator);
  await gallery.find();
  const select = async (body: unknown, parameters?: Record<string, string>) =>
    (await post<SelectionShape>(http.emulator, gallery, "selections", body, parameters)).json;
  const send = (body: unknown) => post<ActionShape>(http.emulator, gallery, "actions", body);
  const ended = (seq: number) => endOf(gallery, seq);
  /** Starts an action on the inputs that match, and waits until it ends. */
  const act = async (action: ActionRequest, parameters?: Record<string, string>) => {
    const { selection } = await select({ all: true, except: [] }, parameters);
    const { status, text, json } = await send({ do: "start", selection, action });
    expect([status, text]).toEqual([200, text]);
    return ended(json.seq);
  };
  const undo = async (seq: number) => {
    expect((await send({ do: "undo", seq })).status).toBe(200);
    return ended(seq);
  };
  const seqOf = async (id: string) => (await gallery.ask("inputs")).items.find((item) => item.id === id)?.seq ?? 0;
  return { ...gallery, select, send, act, undo, ended, seqOf };
}

async function endOf({ ask }: GalleryClient, seq: number): Promise<ActionDetailShape> {
  for (;;) {
    const detail = await ask<ActionDetailShape>("actions", { seq });
    if (detail.state !== "running" && detail.state !== "undoing") return detail;
  }
}

/** Returns an input without its times, as the API shows it. */
async function dataOf({ call }: Http, id: string) {
  const { json } = await call("GET", `/inputs/${encodeURIComponent(id)}`);
  return json.input?.data;
}

async function datasetIds({ call }: Http, dataset: string): Promise<string[]> {
  const { json } = await call("GET", `/datasets/${dataset}/inputs`);
  return (json.dataset_inputs ?? []).map(({ input }) => input.id).sort();
}

const concepts = async (http: Http, id: string) => (await dataOf(http, id))?.concepts?.map((one) => one.id) ?? [];

describe("an action on selected inputs", () => {
  it("adds a concept by its name, reports what had it, and takes it back", async () => {
    const http = await openHttp();
    await http.add(
      note("a", { concepts: [{ id: "sea", name: "Sea" }] }),
      note("b", { concepts: [{ id: "x" }] }),
      note("c"),
    );
    const { act, undo } = await workbench(http);
    const done = await act({ kind: "add-concept", concept: "Sea" });
    expect(done).toMatchObject({ state: "done", total: 3, counts: { changed: 2, unchanged: 1 }, problems: [] });
    expect(done.action).toEqual({ kind: "add-concept", concept: "sea" });
    expect([await concepts(http, "a"), await concepts(http, "b"), await concepts(http, "c")]).toEqual([
      ["sea"],
      ["x", "sea"],
      ["sea"],
    ]);
    expect(await undo(done.seq)).toMatchObject({ state: "undone", undoCounts: { restored: 2 } });
    expect([await concepts(http, "a"), await concepts(http, "b"), await concepts(http, "c")]).toEqual([
      ["sea"],
      ["x"],
      [],
    ]);
  });

  it("removes a concept, and an undo puts it back where it was, with its value", async () => {
    const http = await openHttp();
    const three = [{ id: "x" }, { id: "sea", value: 0.5 }, { id: "y" }];
    await http.add(note("a", { concepts: three }));
    const { act, undo } = await workbench(http);
    const done = await act({ kind: "remove-concept", concept: "sea" });
    expect(await concepts(http, "a")).toEqual(["x", "y"]);
    await undo(done.seq);
    expect((await dataOf(http, "a"))?.concepts).toMatchObject([{ id: "x" }, { id: "sea", value: 0.5 }, { id: "y" }]);
  });

  it("sets and removes metadata, also in objects, and leaves objects and lists alone", async () => {
    const http = await openHttp();
    await http.add(
      note("a", { metadata: { split: "train", camera: { iso: 100, lens: "x" } } }),
      note("b", { metadata: { camera: "old" } }),
      note("c", { metadata: { split: ["train"] } }),
    );
    const { act, undo } = await workbench(http);
    const set = await act({ kind: "set-metadata", key: "split", value: "val" });
    expect(set).toMatchObject({ counts: { changed: 2, failed: 1 } });
    expect(set.problems).toEqual([
      { id: "c", outcome: "failed", reason: "its split is a list; remove it before you set a value" },
    ]);
    const inner = await act({ kind: "set-metadata", key: "camera.iso", value: 200 });
    expect(inner.problems).toMatchObject([
      { id: "b", reason: "its camera is not an object, so camera.iso cannot be in it" },
    ]);
    const metadata = async (id: string) => (await dataOf(http, id))?.metadata;
    expect(await metadata("a")).toEqual({ split: "val", camera: { iso: 200, lens: "x" } });
    const removed = await act({ kind: "remove-metadata", key: "camera.lens" });
    expect(removed.counts).toEqual({ changed: 1, unchanged: 2 });
    expect(await metadata("a")).toEqual({ split: "val", camera: { iso: 200 } });
    for (const { seq } of [removed, inner, set]) await undo(seq);
    expect(await metadata("a")).toEqual({ split: "train", camera: { iso: 100, lens: "x" } });
    expect(await metadata("c")).toEqual({ split: ["train"] });
    expect(await metadata("b")).toEqual({ camera: "old" });
  });

  it("adds to a new dataset and removes from it, and takes both back", async () => {
    const http = await openHttp();
    await http.add({ ...note("a"), dataset_ids: ["old"] }, note("b"));
    const { act, undo } = await workbench(http);
    const added = await act({ kind: "add-to-dataset", dataset: "old" });
    expect(added.counts).toEqual({ unchanged: 1, changed: 1 });
    const created = await act({ kind: "add-to-dataset", dataset: "new" }, { q: "note b" });
    expect([await datasetIds(http, "old"), await datasetIds(http, "new")]).toEqual([["a", "b"], ["b"]]);
    await undo(created.seq);
    await undo(added.seq);
    expect([await datasetIds(http, "old"), await datasetIds(http, "new")]).toEqual([["a"], []]);
    const removed = await act({ kind: "remove-from-dataset", dataset: "old" });
    expect(await datasetIds(http, "old")).toEqual([]);
    await undo(removed.seq);
    expect(await datasetIds(http, "old")).toEqual(["a"]);
    const again = await act({ kind: "remove-from-dataset", dataset: "old" });
    await http.call("DELETE", "/datasets", { dataset_ids: ["old"] });
    expect((await undo(again.seq)).problems).toEqual([
      { id: "a", outcome: "failed", reason: "the dataset old was deleted since the action" },
    ]);
  });

  it("deletes inputs, and an undo restores them as they were, after a restart too", async () => {
    const http = await openHttp();
    await http.add({
      ...picture("photo", await jpeg()),
      dataset_ids: ["harbour"],
    });
    await http.add(note("words", { concepts: [{ id: "sea" }] }));
    const data = { regions: [{ region_info: { point: { row: 0, col: 0 } }, data: { concepts: [{ id: "boat" }] } }] };
    await http.call("POST", "/annotations", { annotations: [{ id: "drawn", input_id: "photo", data }] });
    const before = { list: (await http.call("GET", "/inputs")).json.inputs, stored: http.emulator.stored() };
    const { act, find } = await workbench(http);
    const done = await act({ kind: "delete" });
    expect(done.counts).toEqual({ changed: 2 });
    expect([await find(), http.emulator.stored()]).toEqual([[], []]);
    await http.emulator.close();
    const again = await openHttp({ data: http.folder });
    expect(again.emulator.checked).toEqual({ collectedFiles: 0, inputsWithoutMedia: 0 });
    const { undo, find: findAgain, ask } = await workbench(again);
    expect((await ask<{ actions: ActionShape[] }>("actions")).actions).toMatchObject([{ state: "done", total: 2 }]);
    expect(await undo(done.seq)).toMatchObject({ undoCounts: { restored: 2 }, problems: [] });
    expect(again.emulator.stored()).toEqual(before.stored);
    const url = (one: unknown) => JSON.parse(JSON.stringify(one).replaceAll(/127\.0\.0\.1:\d+/g, "here")) as unknown;
    expect(url((await again.call("GET", "/inputs")).json.inputs)).toEqual(url(before.list));
    expect((await again.call("GET", "/inputs/photo/annotations/drawn")).http).toBe(200);
    expect(await datasetIds(again, "harbour")).toEqual(["photo"]);
    expect(await findAgain({ concept: "boat" })).toEqual(["photo"]);
  });

  it("deletes the files for good when it is forgotten, and not while another input has them", async () => {
    const http = await openHttp();
    const bytes = await jpeg();
    await http.add(picture("one", bytes));
    await http.add(picture("two", bytes));
    await http.add(picture("other", await jpeg(50, 20)));
    const files = () =>
      readdirSync(join(http.folder, "media"), { recursive: true }).filter((name) => /\w{64}$/.test(String(name)));
    const { act, send, undo } = await workbench(http);
    const some = await act({ kind: "delete" }, { q: "one" });
    const others = await act({ kind: "delete" }, { q: "other" });
    expect(files()).toHaveLength(2);
    expect((await send({ do: "forget", seq: others.seq })).status).toBe(200);
    expect(files()).toHaveLength(1);
    await send({ do: "forget", seq: some.seq });
    expect(files()).toHaveLength(1);
    const last = await act({ kind: "delete" });
    await undo(last.seq);
    await send({ do: "forget", seq: last.seq });
    expect([files().length, http.emulator.stored().map(({ id }) => id)]).toEqual([1, ["two"]]);
    expect((await send({ do: "undo", seq: last.seq })).text).toBe("the action is not recorded any more");
  });

  it("works on what matched when it was selected, and names what changed or vanished meanwhile", async () => {
    const http = await openHttp();
    await http.add(note("a"), note("b"), note("c"), note("d"));
    const { select, send, ended } = await workbench(http);
    const { selection, count } = await select({ all: true, except: [] }, { kind: "text" });
    expect(count).toBe(4);
    await http.add(note("later"));
    await http.call("DELETE", "/inputs/a");
    await http.call("DELETE", "/inputs/c");
    await http.add(note("c"));
    await http.call("PATCH", "/inputs", { action: "merge", inputs: [{ id: "b", data: { metadata: { k: "v" } } }] });
    const { json } = await send({ do: "start", selection, action: { kind: "delete" } });
    const { counts, problems, total } = await ended(json.seq);
    expect([total, counts]).toEqual([4, { gone: 2, conflict: 1, changed: 1 }]);
    expect(problems).toEqual([
      { id: "c", outcome: "gone", reason: "it was deleted since it was selected" },
      { id: "b", outcome: "conflict", reason: "it was changed since it was selected, so it was not deleted" },
      { id: "a", outcome: "gone", reason: "it was deleted since it was selected" },
    ]);
    expect(http.emulator.stored().map(({ id }) => id)).toEqual(["b", "later", "c"]);
  });

  it("selects by numbers, and names those that do not exist", async () => {
    const http = await openHttp();
    await http.add(note("a"), note("b"), note("c"));
    const { select, seqOf, send, ended } = await workbench(http);
    const seqs = [await seqOf("a"), await seqOf("b")];
    await http.call("DELETE", "/inputs/a");
    const some = await select({ seqs: [...seqs, ...seqs, 999] });
    expect(some).toMatchObject({ count: 1, gone: 2, goneIds: ["a"] });
    const rest = await select({ all: true, except: [seqs[1]] });
    expect(rest.count).toBe(1);
    const { json } = await send({ do: "start", selection: rest.selection, action: { kind: "delete" } });
    expect(await ended(json.seq)).toMatchObject({ counts: { changed: 1 } });
    expect(http.emulator.stored().map(({ id }) => id)).toEqual(["b"]);
    const twice = await send({ do: "start", selection: rest.selection, action: { kind: "delete" } });
    expect([twice.status, twice.text]).toEqual([410, "the selection is over; select again"]);
  });

  it("leaves alone what was changed between the action and its undo, and says so", async () => {
    const http = await openHttp();
    await http.add(note("a"), note("b"), note("c"), note("d"));
    const { act, undo } = await workbench(http);
    const labelled = await act({ kind: "add-concept", concept: "sea" });
    const merge = (id: string, data: object, action = "merge") =>
      http.call("PATCH", "/inputs", { action, inputs: [{ id, data }] });
    await merge("a", { metadata: { k: "v" } });
    await merge("b", { concepts: [{ id: "sea", value: 0.5 }] });
    await http.call("DELETE", "/inputs/c");
    const undone = await undo(labelled.seq);
    expect(undone.undoCounts).toEqual({ restored: 2, kept: 2 });
    expect(undone.problems).toEqual([
      { id: "c", outcome: "kept", reason: "it was deleted since the action" },
      { id: "b", outcome: "kept", reason: "its concept sea was changed since the action" },
    ]);
    expect(await dataOf(http, "a")).toMatchObject({ metadata: { k: "v" } });
    expect(await concepts(http, "a")).toEqual([]);
    expect(await concepts(http, "b")).toEqual(["sea"]);
  });

  it("does not replace an input that has the id of a deleted one, and can be undone again when the id is free", async () => {
    const http = await openHttp();
    await http.add(note("a"), note("b"));
    const { act, undo } = await workbench(http);
    const { seq } = await act({ kind: "delete" });
    await http.add(note("a", { metadata: { is: "new" } }));
    const first = await undo(seq);
    expect(first).toMatchObject({ undoCounts: { restored: 1, failed: 1 } });
    expect(first.problems).toMatchObject([
      { id: "a", reason: "an input with this id was added since; the undo does not replace it" },
    ]);
    expect((await dataOf(http, "a"))?.metadata).toEqual({ is: "new" });
    await http.call("DELETE", "/inputs/a");
    expect(await undo(seq)).toMatchObject({ undoCounts: { restored: 2 }, problems: [] });
    expect((await dataOf(http, "a"))?.metadata).toBeUndefined();
  });

  it("stops at a restart with the true counts, and continues or goes back from there", async () => {
    const http = await openHttp();
    for (let from = 0; from < 2000; from += 100) {
      await http.call("POST", "/inputs", { inputs: Array.from({ length: 100 }, (_, n) => note(`n${from + n}`)) });
    }
    await http.processed("n1999");
    const { select, send, find } = await workbench(http);
    await find();
    const { selection } = await select({ all: true, except: [] });
    const { json } = await send({ do: "start", selection, action: { kind: "delete" } });
    await http.emulator.close();
    const again = await openHttp({ data: http.folder });
    const bench = await workbench(again);
    const stopped = await bench.ended(json.seq);
    const left = again.emulator.stored().length;
    expect(stopped).toMatchObject({ state: "stopped", note: "The emulator was restarted.", total: 2000 });
    expect(stopped.counts.changed ?? 0).toBe(2000 - left);
    expect(left).toBeGreaterThan(0);
    await bench.send({ do: "continue", seq: json.seq });
    expect(await bench.ended(json.seq)).toMatchObject({ state: "done", counts: { changed: 2000 } });
    expect(again.emulator.stored()).toEqual([]);
    expect((await bench.undo(json.seq)).undoCounts).toEqual({ restored: 2000 });
    expect(again.emulator.stored()).toHaveLength(2000);
  });

  it("exports a selection, and lists what was deleted since", async () => {
    const http = await openHttp();
    await http.add(note("a"), note("b"), note("c"));
    const gallery = await workbench(http);
    const { selection } = await gallery.select({ seqs: [await gallery.seqOf("a"), await gallery.seqOf("b")] });
    await http.call("DELETE", "/inputs/b");
    const url = `${http.emulator.url}/gallery/export?app=1&format=jsonl&selection=${selection}`;
    const response = await fetch(url, { headers: { "x-sluice-session": gallery.session } });
    expect([response.headers.get("x-sluice-exported"), response.headers.get("x-sluice-not-exported")]).toEqual([
      "1",
      "1",
    ]);
    expect(Buffer.from(await response.arrayBuffer()).includes("b\tit was deleted since it was selected")).toBe(true);
    const over = await fetch(url.replace(selection, "none"), { headers: { "x-sluice-session": gallery.session } });
    expect(over.status).toBe(410);
  });

  it("is gone with its app, and its files too", async () => {
    const http = await openHttp();
    await http.add(picture("photo", await jpeg()));
    const { act } = await workbench(http);
    await act({ kind: "delete" });
    await http.call("DELETE", "/v2/users/me/apps/main");
    await http.add(note("new"));
    const { ask } = await workbench(http);
    expect(await ask("actions")).toEqual({ isReadOnly: false, actions: [] });
    const names = readdirSync(join(http.folder, "media"), { recursive: true }).map(String);
    expect(names.filter((name) => /\w{64}$/.test(name))).toEqual([]);
  });
});

describe("blocked: an action", () => {
  it.each<[what: string, action: unknown, text: RegExp]>([
    ["that is no object", "delete", /must be an object/],
    ["of an unknown kind", { kind: "constructor" }, /not known/],
    ["without a concept", { kind: "add-concept", concept: " " }, /concept is empty/],
    ["with a control character", { kind: "add-concept", concept: "a\0b" }, /control character/],
    ["with half of a surrogate pair", { kind: "set-metadata", key: "k", value: "\ud800" }, /surrogate/],
    ["with a concept that nobody has", { kind: "remove-concept", concept: "nobody" }, /no concept is called/],
    ["with a long name", { kind: "add-to-dataset", dataset: "x".repeat(501) }, /more than 500 characters/],
    ["with a long value", { kind: "set-metadata", key: "k", value: "x".repeat(10_001) }, /more than 10000/],
    ["with a deep key", { kind: "set-metadata", key: Array(21).fill("a").join("."), value: 1 }, /more than 20 objects/],
    ["with an empty part in its key", { kind: "remove-metadata", key: "a..b" }, /empty part/],
    ["with an object as value", { kind: "set-metadata", key: "k", value: {} }, /must be a text, a number/],
    ["with a dataset that does not exist", { kind: "remove-from-dataset", dataset: "no" }, /does not exist/],
  ])("%s", async (_, action, text) => {
    const http = await openHttp();
    await http.add(note("a"));
    const { select, send } = await workbench(http);
    const { selection } = await select({ all: true, except: [] });
    const refused = await send({ do: "start", selection, action });
    expect([refused.status, refused.text]).toEqual([422, expect.stringMatching(text)]);
    // The selection is still valid.
    expect((await send({ do: "start", selection, action: { kind: "delete" } })).status).toBe(200);
  });

  it("with a concept whose name several concepts have", async () => {
    const http = await openHttp();
    await http.add(
      note("a", {
        concepts: [
          { id: "one", name: "Same" },
          { id: "two", name: "Same" },
        ],
      }),
    );
    const { select, send } = await workbench(http);
    const { selection } = await select({ all: true, except: [] });
    const { text } = await send({ do: "start", selection, action: { kind: "add-concept", concept: "Same" } });
    expect(text).toBe('several concepts are called "Same"; enter an id: one, two');
  });

  it("on an object's prototype: a key such as __proto__ is data", async () => {
    const http = await openHttp();
    await http.add(note("a"));
    const { act, undo } = await workbench(http);
    const done = await act({ kind: "set-metadata", key: "__proto__.polluted", value: "yes" });
    expect(done.counts).toEqual({ changed: 1 });
    expect(JSON.stringify((await dataOf(http, "a"))?.metadata)).toBe('{"__proto__":{"polluted":"yes"}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    await undo(done.seq);
    expect((await dataOf(http, "a"))?.metadata).toBeUndefined();
  });

  it("in a read-only gallery", async () => {
    const http = await openHttp({ readOnlyGallery: true });
    await http.add(note("a"));
    const { select, send, ask } = await workbench(http);
    const { selection } = await select({ all: true, except: [] });
    const refused = await send({ do: "start", selection, action: { kind: "delete" } });
    expect([refused.status, refused.text]).toEqual([403, "this gallery is read-only"]);
    expect(await ask("actions")).toMatchObject({ isReadOnly: true });
  });
});
