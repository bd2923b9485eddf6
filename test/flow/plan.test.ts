/** A plan predicts the run exactly, and changes nothing. */

import { existsSync, readdirSync, truncateSync, writeFileSync } from "node:fs";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { omit } from "../../src/core/util/omit.js";
import {
  type App,
  annotate,
  batch,
  boundingBox,
  defineSink,
  download,
  type Flow,
  filterInputs,
  flow,
  folder,
  fromIterable,
  type InputDraft,
  InputError,
  listInputs,
  type ProgressEvent,
  patch,
  remove,
  upload,
  writeJsonl,
} from "../../src/index.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const data = join(import.meta.dirname, "../../examples/data");

/** The results of a run, with the names of a plan. */
async function done(flow: Flow<unknown>, app: App, options: { journal?: string } = {}) {
  const call = vi.spyOn(app.transport, "call");
  onTestFinished(() => call.mockRestore());
  let last: ProgressEvent | undefined;
  const report = await flow.run({ ...options, onProgress: (event) => void (last = event) });
  const carrying = call.mock.calls.filter(([method]) => method !== "GET");
  call.mockRestore();
  const { read, ok, failed: refused, skipped } = report.counts;
  return {
    counts: { read, ok, refused, skipped },
    targets: report.targets,
    sinks: last?.sinks.map(({ name, done: inputs, batches }) => ({ name, inputs, batches })),
    requests: carrying.length,
    bytes: report.traffic.bytesSent,
    refused: report.failures,
    skipped: report.skipped,
    notes: report.notes,
    conclusions: report.conclusions,
  };
}

/** Sorts the refused inputs: one may fail in a batch before or while another batch is written. */
function byOrigin<T extends { refused?: unknown }>(facts: T): T {
  const refused = facts.refused as readonly { origin: string }[];
  return { ...facts, refused: [...refused].sort((one, other) => (one.origin < other.origin ? -1 : 1)) };
}

/** A folder with files of all kinds, several of each, valid and invalid. */
async function mixedFolder(): Promise<string> {
  const root = temporaryFolder();
  for (const name of ["a", "b", "c/deep"]) await cp(data, join(root, name), { recursive: true });
  await mkdir(join(root, "bad"));
  writeFileSync(join(root, "bad/empty.jpg"), "");
  writeFileSync(join(root, "bad/.hidden"), "x");
  writeFileSync(join(root, "bad/unknown.bin"), Buffer.from([1, 2, 3, 0, 255]));
  writeFileSync(join(root, "bad/blank.txt"), " ");
  await cp(join(data, "harbour/quay.jpg"), join(root, "bad/large.jpg"));
  truncateSync(join(root, "bad/large.jpg"), 20_000_000);
  for (let n = 0; n < 150; n += 1) writeFileSync(join(root, `note-${n}.txt`), `note ${n} `.repeat(1 + (n % 40)));
  return root;
}

describe("the plan of an upload", () => {
  it("equals the run: batches, requests, bytes, refused and skipped inputs", async () => {
    const { app, store } = await openStore();
    const photos = flow(folder(await mixedFolder(), { labels: "folder", exclude: ["**/make.ts"] })).pipe(
      filterInputs((input) => !input.id.startsWith("note-7")),
      annotate((input) => (input.image ? [boundingBox([0.1, 0.1, 0.5, 0.5], "boat")] : [])),
      batch({ maxItems: 50, maxBytes: 300_000, maxWaitMs: 600_000 }),
      upload(app),
    );
    const plan = await photos.plan();
    expect(store.stored().length).toBe(0);
    expect(app.transport.counts.requests).toBe(0);

    const { durationMs, expectedMs, refusedGroups, ...planned } = plan.toJSON() as typeof plan;
    expect(await done(photos, app)).toEqual(planned);
    expect(planned.sinks[0]?.batches).toBeGreaterThan(5);
    expect(planned.requests).toBeGreaterThan(planned.sinks[0]?.batches ?? 0); // annotations too
    expect(planned.refused.map(({ code }) => code).sort()).toEqual(["ERR_FILE_EMPTY", "ERR_ITEM_TOO_LARGE"]);
    expect(refusedGroups).toHaveLength(2);
    expect(durationMs).toBeGreaterThanOrEqual(0);
    expect(expectedMs).toBeUndefined();
  });

  it("equals the run for inputs of any size, kind and id", { timeout: 60_000 }, async () => {
    const { app } = await openStore();
    const draft: fc.Arbitrary<InputDraft> = fc.record(
      {
        id: fc.oneof(fc.stringMatching(/^[a-z]{1,2}$/), fc.constantFrom("not an id", "x".repeat(49))),
        text: fc.oneof(fc.string({ maxLength: 300 }), fc.constant("é\n".repeat(200))),
        metadata: fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), fc.string(), { maxKeys: 3 }),
        concepts: fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { maxLength: 2 }),
      },
      { requiredKeys: ["id"] },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(draft, { maxLength: 60 }),
        fc.integer({ min: 2, max: 20 }),
        async (drafts, maxItems) => {
          run += 1;
          // Each run has its own ids, because the server decides which inputs already exist.
          const once = new Set<string | undefined>();
          const unlike = drafts.filter(({ id }) => !once.has(id) && once.add(id));
          const renamed = unlike.map((one) => ({
            ...one,
            id: /^[a-z]{1,2}$/.test(one.id ?? "") ? `${one.id}-${run}` : one.id,
          }));
          const texts = flow(fromIterable(renamed)).pipe(
            batch({ maxItems, maxBytes: 2000, maxWaitMs: 600_000 }),
            upload(app),
          );
          const plan = (await texts.plan()).toJSON() as Record<string, unknown>;
          const planned = omit(plan, ["durationMs", "expectedMs", "refusedGroups"]);
          expect(byOrigin(await done(texts, app))).toEqual(byOrigin(planned));
        },
      ),
      { numRuns: 40 },
    );
  });

  it("distinguishes the kinds", async () => {
    const { app } = await openStore();
    const mixed = [{ text: "a" }, { text: "b" }, { image: { url: "https://example.com/a.jpg" } }];
    const plan = await flow(fromIterable(mixed)).pipe(batch(), upload(app)).plan();
    expect(plan.summary()).toContain("\n  upload   3 inputs in 2 batches\n  kinds    text 2, image 1\n");
    const one = await flow(fromIterable([{ text: "a" }]))
      .pipe(batch(), upload(app))
      .plan();
    expect(one.summary()).toContain("\n  upload   1 input in 1 batch\n  requests 1 ");
  });

  it("computes the time at the account's rate, and reports if no rate is known", async () => {
    const { app } = await openStore({}, { requestsPerSecond: 10 });
    const many = Array.from({ length: 100 }, (_, n) => ({ id: `t${n}`, text: "calm sea" }));
    const plan = await flow(fromIterable(many))
      .pipe(batch({ maxItems: 5 }), upload(app))
      .plan();
    expect(plan.expectedMs).toBeGreaterThan(2000);
    expect(plan.expectedMs).toBeLessThan(2200);
    expect(plan.summary()).toMatch(
      /^plan: read 100 = ok 100 \+ refused 0 \+ skipped 0\n {2}target {3}upload to me\/main at http:\/\/127\.0\.0\.1:\d+\n {2}upload {3}100 inputs in 20 batches\n {2}requests 20 with \d.* kB, at least 2\.1 s at the account's rate$/,
    );
    const { app: unpaced } = await openStore();
    const unknown = await flow(fromIterable(many)).pipe(batch(), upload(unpaced)).plan();
    expect(unknown.summary()).toContain("at an unknown rate");
    const nothing = await flow(fromIterable([])).pipe(batch(), upload(unpaced)).plan();
    expect(nothing).toMatchObject({ requests: 0, bytes: 0, sinks: [], expectedMs: 0 });
  });

  it("reads an existing journal, creates none, and skips the recorded inputs", async () => {
    const { app } = await openStore();
    const journal = join(temporaryFolder(), "some/texts.journal");
    const make = (count: number) =>
      flow(fromIterable(Array.from({ length: count }, (_, n) => ({ id: `t${n}`, text: `${n}` })))).pipe(
        batch(),
        upload(app),
      );
    expect((await make(3).plan({ journal })).counts).toMatchObject({ ok: 3 });
    expect(existsSync(join(journal, ".."))).toBe(false);
    await make(3).run({ journal });
    expect((await make(5).plan({ journal })).counts).toEqual({ read: 5, ok: 2, refused: 0, skipped: 3 });
    await expect(flow(fromIterable([])).pipe(remove(app)).plan({ journal })).rejects.toMatchObject({
      code: "ERR_JOURNAL_FLOW",
    });
  });

  it("rejects when it is stopped, and when its source cannot be read", async () => {
    const { app } = await openStore();
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(flow(fromIterable([])).pipe(upload(app)).plan({ signal })).rejects.toThrow("enough");
    await expect(flow(folder("/nowhere/at-all")).plan()).rejects.toMatchObject({ code: "ERR_FOLDER_UNREADABLE" });
    await expect(flow(fromIterable([])).plan({ deadLetters: "x" } as object)).rejects.toMatchObject({
      code: "ERR_OPTIONS",
    });
  });
});

describe("the plan of other sinks", () => {
  const texts = Array.from({ length: 30 }, (_, n) => ({
    id: `t${n}`,
    text: `text ${n}`,
    metadata: { n },
    annotations: [{ id: `a${n}`, concepts: [{ id: "calm" }] }],
  }));

  it("equals a patch and a removal, and changes no input", async () => {
    const { app, store } = await openStore();
    await flow(fromIterable(texts)).pipe(batch(), upload(app)).run();
    const changed = flow(
      fromIterable(texts.map(({ id, annotations }) => ({ id, metadata: { n: -1 }, annotations }))),
    ).pipe(batch({ maxItems: 7, maxWaitMs: 600_000 }), patch(app));
    const removed = flow(listInputs(app, { ids: texts.map(({ id }) => id) })).pipe(
      batch({ maxItems: 8, maxWaitMs: 600_000 }),
      remove(app),
    );
    for (const some of [changed, removed]) {
      const plan = (await some.plan()).toJSON() as Record<string, unknown>;
      const planned = omit(plan, ["durationMs", "expectedMs", "refusedGroups"]);
      expect(store.stored().length).toBe(30);
      expect((await flow(listInputs(app, { ids: ["t3"] })).toArray())[0]?.metadata.n).toBe(some === changed ? 3 : -1);
      const real = await done(some, app);
      expect(real).toEqual(planned);
      expect(real.requests).toBe(some === changed ? 10 : 4);
    }
  });

  it("counts the files of a download, and skips files that already exist", async () => {
    const { app } = await openStore();
    await flow(folder(join(data, "harbour")))
      .pipe(batch(), upload(app))
      .run();
    const out = join(temporaryFolder(), "out");
    const all = flow(listInputs(app)).pipe(download(out));
    expect(await all.plan()).toMatchObject({ counts: { ok: 3, skipped: 0 }, requests: 3, bytes: 0 });
    expect(existsSync(out)).toBe(false);
    await all.run();
    const names = readdirSync(out);
    const again = await all.plan();
    expect(again).toMatchObject({ counts: { ok: 0, skipped: 3 }, requests: 0 });
    expect(again.skipped).toEqual([{ reason: "downloaded earlier", count: 3, origins: expect.any(Array) as string[] }]);
    expect(readdirSync(out)).toEqual(names);
  });

  it("writes no file, and asks a custom sink which inputs it would refuse", async () => {
    const opened = vi.fn();
    const written = vi.fn();
    const short = defineSink({
      name: "short",
      supportsDryRun: true,
      open: ({ dryRun }) => {
        if (!dryRun) opened();
      },
      async write(batch, { dryRun }) {
        for (const [index, { text = "" }] of batch.inputs.entries()) {
          if (text.length < 7) batch.fail(index, new InputError("ERR_TOO_SHORT", `"${text}" is too short`));
        }
        if (!dryRun) written();
      },
    });
    const path = join(temporaryFolder(), "out.jsonl");
    const plan = await flow(fromIterable(texts)).pipe(batch(), short(), writeJsonl(path)).plan();
    expect(plan.counts).toEqual({ read: 30, ok: 20, refused: 10, skipped: 0 });
    expect(plan.sinks).toEqual([
      { name: "short", inputs: 20, batches: 1 },
      { name: "writeJsonl", inputs: 20, batches: 20 },
    ]);
    expect(existsSync(path)).toBe(false);
    expect(opened).not.toHaveBeenCalled();
    expect(written).not.toHaveBeenCalled();
  });
});
