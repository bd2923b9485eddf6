/** Users' functions get a deeply frozen copy: a change in place fails its own input, and no object of the user is frozen. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { from, map, of, tap } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  addConcepts,
  annotate,
  batch,
  csv,
  dedupe,
  defineSink,
  defineTransform,
  filterInputs,
  flow,
  folder,
  fromIterable,
  fromObservable,
  type Input,
  type InputDraft,
  type Json,
  jsonl,
  listInputs,
  type Message,
  patch,
  setGeo,
  tagMetadata,
  transform,
  upload,
} from "../../src/index.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const draft = (id: string): InputDraft => ({
  id,
  text: `text ${id}`,
  metadata: { camera: { iso: 200 }, tags: ["x"] },
  concepts: ["sea", { id: "sky", value: 1 }],
  annotations: [{ box: [0.1, 0.1, 0.5, 0.5], concepts: [{ id: "boat" }], info: { by: { name: "A" } } }],
  geo: { longitude: 4.5, latitude: 51.9 },
  datasets: ["train"],
});
const setMetadata = (input: Input, value: Json) => void ((input.metadata as { [key: string]: Json }).reviewed = value);
const marking = transform((input) => {
  setMetadata(input, true);
  return input;
});
const three = () => fromIterable(["a", "b", "c"].map(draft));

/** Ways to change the input "b" in place. */
const changes: [string, (input: Input) => void][] = [
  ["a field", (input) => void Object.assign(input, { text: "changed" })],
  ["a new field", (input) => void Object.assign(input, { own: 1 })],
  ["a metadata key", (input) => setMetadata(input, true)],
  ["a deep metadata key", (input) => void ((input.metadata.camera as { iso: number }).iso = 400)],
  ["a list in the metadata", (input) => void (input.metadata.tags as string[]).push("y")],
  ["the concepts", (input) => void (input.concepts as unknown[]).push({ id: "new" })],
  ["a concept", (input) => void ((input.concepts[0] as { id: string }).id = "changed")],
  ["the annotations", (input) => void (input.annotations as unknown[]).pop()],
  ["a box", (input) => void ((input.annotations[0]?.box as unknown as number[])[0] = 0.9)],
  ["what an annotation tells", (input) => void ((input.annotations[0]?.info?.by as { name: string }).name = "B")],
  ["the location", (input) => void ((input.geo as { latitude: number }).latitude = 0)],
  ["the datasets", (input) => void (input.datasets as string[]).push("test")],
  ["by deleting", (input) => void delete (input as { geo?: unknown }).geo],
];
const ofB = (change: (input: Input) => void) => (input: Input) => {
  if (input.id === "b") change(input);
};

describe("a change in place", () => {
  it.each(changes)("of %s throws in a transform and fails only its own input", async (_, change) => {
    const report = await flow(three())
      .pipe(
        transform(
          (input) => {
            ofB(change)(input);
            return input;
          },
          { name: "reviewer" },
        ),
      )
      .run();
    expect(report.counts).toMatchObject({ read: 3, ok: 2, failed: 1 });
    expect(report.failures[0]).toMatchObject({ id: "b", origin: "values:2", stage: "reviewer" });
    expect(report.failures[0]?.reason).toMatch(
      /(read.only|not extensible|Cannot delete).*\(at functions-frozen\.test\.ts:\d+\)/,
    );
  });

  const edit = ofB((input) => setMetadata(input, true));
  const returning =
    <T>(made: T) =>
    (input: Input): T => {
      edit(input);
      return made;
    };
  const plugin = defineTransform({
    name: "own",
    async apply(input) {
      await undefined;
      edit(input);
      return input;
    },
  });
  it.each([
    ["filterInputs", filterInputs(returning(true))],
    ["addConcepts", addConcepts(returning("x"))],
    ["dedupe", dedupe((input) => (input.id === "b" ? returning("b")(input) : input.id))],
    ["annotate", annotate(returning([]))],
    ["tagMetadata", tagMetadata(returning({}))],
    ["setGeo", setGeo(returning(undefined))],
    ["own", plugin()],
  ])("in the function of %s fails only its own input", async (stage, operator) => {
    const report = await flow(three()).pipe(operator).run();
    expect(report.counts).toMatchObject({ read: 3, ok: 2, failed: 1 });
    expect(report.failures[0]).toMatchObject({ id: "b", stage });
  });

  it("of a result of an earlier transform also throws", async () => {
    const report = await flow(three())
      .pipe(
        transform((input) => ({ ...input, metadata: { ...input.metadata, deep: { a: [1] } } })),
        transform((input) => {
          (input.metadata.deep as { a: number[] }).a.push(2);
          return input;
        }),
      )
      .run();
    expect(report.counts).toMatchObject({ failed: 3 });
  });

  it("in a sink ends the run with an error that names the sink", async () => {
    const crate = defineSink({ name: "crate", write: async (batch) => batch.inputs.forEach(edit) });
    await expect(flow(three()).pipe(crate()).run()).rejects.toMatchObject({
      name: "SinkError",
      message: expect.stringMatching(/^crate: .*not extensible.*functions-frozen/),
      report: { counts: { read: 3, ok: 1, pending: 2 } },
    });
  });

  it("in an RxJS tap or map on message.value ends the run with an error that names position and input", async () => {
    const change = (message: Message) => {
      edit(message.value);
      return message;
    };
    for (const operator of [tap(change), map(change)]) {
      await expect(
        flow(three())
          .pipe(
            filterInputs(() => true),
            operator,
          )
          .run(),
      ).rejects.toMatchObject({
        code: "ERR_OPERATOR",
        position: 2,
        origin: "values:2",
        id: "b",
      });
    }
  });

  it("also fails its input in a plan and a preview", async () => {
    const operator = transform((input) => {
      edit(input);
      return input;
    });
    const plan = await flow(three()).pipe(operator).plan();
    expect(plan.counts).toMatchObject({ ok: 2, refused: 1 });
    const preview = await flow(three()).pipe(operator).preview();
    expect(preview.failures).toMatchObject([{ id: "b" }]);
  });

  it("of a row fails only that row of a table", async () => {
    const path = join(temporaryFolder(), "rows.csv");
    writeFileSync(path, "id,text\na,one\nb,two\n");
    const source = csv(path, {
      map: (row) => {
        if (row.id === "b") row.text = "changed";
        return { id: row.id ?? "", text: row.text ?? "" };
      },
    });
    const report = await flow(source).run();
    expect(report.counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
    expect(report.failures[0]).toMatchObject({ origin: `${path}:3`, code: "ERR_CSV_ROW" });
    expect(report.failures[0]?.reason).toContain("read only property 'text'");
  });

  it("of a listed input fails the input, and the app does not change", async () => {
    const { app } = await openStore();
    await flow(fromIterable([{ id: "a", text: "a" }]))
      .pipe(batch(), upload(app))
      .run();
    const report = await flow(listInputs(app)).pipe(marking, batch(), patch(app)).run();
    expect(report.counts).toMatchObject({ read: 1, failed: 1 });
    expect((await flow(listInputs(app)).toArray())[0]?.metadata).toEqual({});
  });

  it("throws for inputs of every source: folder, jsonl, observable", async () => {
    const path = temporaryFolder();
    writeFileSync(join(path, "a.txt"), "a");
    const lines = join(temporaryFolder(), "a.jsonl");
    writeFileSync(lines, `${JSON.stringify(draft("a"))}\n`);
    for (const source of [folder(path), jsonl(lines), fromObservable(of(draft("a")))]) {
      const report = await flow(source).pipe(marking).run();
      expect(report.counts).toMatchObject({ read: 1, failed: 1 });
    }
  });
});

describe("an object of the user", () => {
  it("is neither changed nor frozen: drafts, results, fixed metadata, concepts and annotations", async () => {
    const own = draft("a");
    const shared = { deep: { list: [1] } };
    const concept = { id: "fixed" };
    const region = { box: [0, 0, 1, 1] as [number, number, number, number], concepts: [{ id: "drawn" }] };
    const made: Input[] = [];
    const operators = [
      tagMetadata(shared),
      addConcepts([concept]),
      annotate(() => [region]),
      transform((input) => ({ ...input, metadata: { ...input.metadata, shared } })),
    ] as const;
    await flow(fromIterable([own]))
      .pipe(
        ...operators,
        tap((message: Message) => void made.push(message.value)),
      )
      .run();
    const free = [own, own.metadata?.camera, own.annotations?.[0]?.info, shared, shared.deep.list, concept, region];
    for (const value of free) expect(Object.isFrozen(value)).toBe(false);
    shared.deep.list.push(2);
    concept.id = "later";
    expect(made[0]?.metadata).toEqual({
      camera: { iso: 200 },
      tags: ["x"],
      deep: { list: [1] },
      shared: { deep: { list: [1] } },
    });
    expect(made[0]?.concepts.map(({ id }) => id)).toEqual(["sea", "sky", "fixed"]);
  });

  it("may change after the call without changing the input", async () => {
    const own = draft("a");
    const seen: unknown[] = [];
    await flow(fromIterable([own]))
      .pipe(
        transform(async (input) => {
          (own.metadata as { camera: { iso: number } }).camera.iso = 999;
          await undefined;
          seen.push(input.metadata.camera);
          return input;
        }),
      )
      .run();
    expect(seen).toEqual([{ iso: 200 }]);
  });

  it("keeps its bytes: they are neither copied nor frozen", async () => {
    const bytes = new Uint8Array([1, 2, 3, 4]);
    const seen: unknown[] = [];
    await flow(fromIterable([{ id: "a", audio: { bytes, mimeType: "audio/mpeg" } }]))
      .pipe(tap((message) => seen.push((message.value.audio as { bytes: Uint8Array }).bytes)))
      .run();
    expect(seen[0]).toBe(bytes);
  });

  it("may be frozen, and keeps its values", async () => {
    const own = Object.freeze({ id: "a", text: "a", metadata: Object.freeze({ a: 1 }) });
    const report = await flow(from([[own]]).pipe(map((list) => list)) && fromIterable([own]))
      .pipe(transform((input) => ({ ...input, metadata: own.metadata })))
      .run();
    expect(report.counts).toMatchObject({ ok: 1 });
  });
});
