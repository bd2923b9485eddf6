/** A patch changes metadata, concepts and location to any others, or the input fails and does not change. */

import fc from "fast-check";
import { expect, it } from "vitest";
import {
  batch,
  flow,
  fromIterable,
  type Input,
  type InputDraft,
  type Json,
  listInputs,
  patch,
  transform,
  upload,
} from "../../src/index.js";
import { openStore } from "../helpers/store.js";

const key = fc.constantFrom("a", "b", "c", "id", "true", "");
const item = fc.oneof(
  fc.constantFrom<Json>(null, true, false, 0, 1, "", "x", {}, []),
  fc.record(
    { id: fc.constantFrom<Json>("1", "2", 3, true, null), n: fc.constantFrom<Json>(1, 2, [1], { m: 1 }) },
    { requiredKeys: [] },
  ),
);
const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    fc.constantFrom<Json>(null, true, false, 0, -1, 1.5, "", "x", {}, []),
    fc.array(item, { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 3 }),
  ),
})).value;
const metadata = fc.dictionary(key, json, { maxKeys: 4, noNullPrototype: true });
const concepts = fc.uniqueArray(
  fc.record({ id: fc.constantFrom("boat", "sea", "pier"), value: fc.constantFrom(0, 1, 0.3) }),
  { selector: ({ id }) => id, maxLength: 3 },
);
const geo = fc.option(
  fc.record({
    longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    latitude: fc.integer({ min: -90, max: 90 }),
  }),
  {
    nil: undefined,
  },
);
const fields = fc.record({ metadata, concepts, geo });

/** A number as a server with 32 bits stores it, with at most nine digits. */
const float32 = (value: number) => Number(Math.fround(value).toPrecision(6)) + 0;

const shownFields = ({ metadata, concepts, geo }: Pick<Input, "metadata" | "concepts" | "geo">) => ({
  metadata,
  concepts: Object.fromEntries(concepts.map(({ id, value = 1 }) => [id, float32(value)])),
  geo: geo && [float32(geo.longitude), float32(geo.latitude)],
});

it.each([
  ["merge", "new"],
  ["overwrite", "new"],
  ["merge", "old"],
  ["overwrite", "old"],
] as const)(
  "with %s, on a server with the %s reading of overwrite",
  { timeout: 120_000 },
  async (action, overwriteReading) => {
    const { app } = await openStore({ overwriteReading });
    const pairs = fc.sample(fc.tuple(fields, fields, fc.boolean()), { numRuns: 400, seed: 20_261_129 });
    const ids = pairs.map((_, n) => `p${n}`);
    // Half of the pairs differ in one value only.
    const wanted = pairs.map(([before, after, isSmall]) =>
      isSmall ? { ...before, metadata: { ...before.metadata, a: after.metadata.b ?? 1 } } : after,
    );
    const put = fromIterable(pairs.map(([before], n): InputDraft => ({ id: ids[n], text: `text ${n}`, ...before })));
    expect((await flow(put).pipe(batch(), upload(app)).run()).counts).toMatchObject({ ok: pairs.length });
    const before = new Map((await flow(listInputs(app)).toArray()).map((input) => [input.id, input]));
    const numberOf = (input: Input) => Number(input.id.slice(1));

    const report = await flow(listInputs(app))
      .pipe(
        transform((input) => ({ ...input, ...wanted[numberOf(input)] }) as Input),
        batch(),
        patch(app, { action }),
      )
      .run();

    const failed = new Map(report.failures.map((failure) => [failure.id, failure]));
    expect(report.counts.read).toBe(pairs.length);
    for (const input of await flow(listInputs(app)).toArray()) {
      const asked = failed.has(input.id)
        ? (before.get(input.id) as Input)
        : (wanted[numberOf(input)] as unknown as Input);
      expect(shownFields(input), `${input.id} ${JSON.stringify(failed.get(input.id))}`).toEqual(shownFields(asked));
    }
    // An overwrite can express every change, and so can a merge that falls back to an overwrite.
    expect([...failed.values()]).toEqual([]);
  },
);

it("appends to lists once when answers are lost", async () => {
  const { store, app } = await openStore();
  const ids = Array.from({ length: 40 }, (_, n) => `p${n}`);
  await flow(
    fromIterable(ids.map((id) => ({ id, text: id, metadata: { old: 1, tags: ["x"], crew: [{ id: 1, n: [1] }] } }))),
  )
    .pipe(batch(), upload(app))
    .run();
  store.faults.add({ method: "PATCH", probability: 0.5, fault: { type: "cut", when: "after" } });
  const wanted = { tags: ["x", "y"], crew: [{ id: 1, n: [1, 2] }], added: [{ a: 1 }] };
  const report = await flow(listInputs(app))
    .pipe(
      transform((input) => ({ ...input, metadata: wanted })),
      batch({ maxItems: 5 }),
      patch(app),
    )
    .run();
  expect(report.counts).toMatchObject({ ok: 40 });
  for (const input of await flow(listInputs(app)).toArray()) expect(input.metadata).toEqual(wanted);
});
