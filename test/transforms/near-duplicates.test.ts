import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { distanceOf } from "../../src/formats/perceptual-hash/hash.js";
import {
  defineSink,
  flow,
  folder,
  fromIterable,
  type InputDraft,
  InputError,
  nearDuplicates,
  type Report,
  transform,
} from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { HashIndex } from "../../src/transforms/near-duplicates/hash-index.js";
import { example, folderWith, jpeg, tempFolder } from "../helpers/files.js";
import { sinkOf } from "../helpers/flows.js";
import { propertyRuns } from "../helpers/long.js";
import { through } from "../helpers/transforms.js";

const temp = tempFolder();

/** Makes a picture of soft blots; each seed makes another one. */
function picture(seed: number, width = 480, height = 360): Sharp {
  let state = seed * 2_654_435_761;
  const pixels = Buffer.from(
    Array.from({ length: 7 * 7 * 3 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    }),
  );
  return sharp(pixels, { raw: { width: 7, height: 7, channels: 3 } }).resize(width, height, {
    kernel: "cubic",
    fit: "fill",
  });
}
const first = await picture(1).jpeg({ quality: 95 }).toBuffer();
const second = await picture(2).jpeg({ quality: 95 }).toBuffer();
let files = 0;
const inputOf = (id: string, bytes: Uint8Array): InputDraft => {
  files += 1;
  const path = join(temp, `${files}-${id}`);
  writeFileSync(path, bytes);
  return { id, image: { path } };
};
const idsOf = async (inputs: InputDraft[], options: Parameters<typeof nearDuplicates>[0] = {}) => {
  const { made, report } = await through(nearDuplicates(options), inputs);
  return { ids: made.map(({ id }) => id), report };
};
const newStore = () => join(temp, `store-${(files += 1)}`);

testTransform("nearDuplicates", async () => ({
  transform: nearDuplicates(),
  inputs: [
    inputOf("a", first),
    inputOf("b", second),
    inputOf("c", await sharp(first).resize(100).jpeg().toBuffer()),
    { id: "d", text: "x" },
  ],
}));

describe("nearDuplicates", () => {
  it("keeps a copy if the first one has failed, and names what it dropped for one that fails later", async () => {
    const small = await sharp(first).resize(120).jpeg().toBuffer();
    const tiny = await sharp(first).resize(90).jpeg().toBuffer();
    const inputs = () => [inputOf("a", first), inputOf("b", small), inputOf("c", tiny)];
    const refuses = (ids: string[], maxItems: number) =>
      defineSink({
        name: "refusing",
        batch: { maxItems },
        async write(batch) {
          for (const [index, { id }] of batch.inputs.entries())
            if (ids.includes(id)) batch.fail(index, new InputError("ERR_NO", "no"));
        },
      })();
    const later = await flow(fromIterable(inputs()))
      .pipe(nearDuplicates(), refuses(["a"], 10))
      .run();
    expect(later.counts).toMatchObject({ ok: 0, failed: 1, skipped: 2 });
    expect(later.conclusions).toEqual([
      {
        stage: "nearDuplicates",
        lines: [
          expect.stringMatching(/^\S+ failed after \S+ and 1 more was dropped for it; read the dropped ones again/),
        ],
      },
    ]);
    const fails = transform((input) => {
      if (input.id === "a") throw new Error("no");
      return input;
    });
    // One image at a time: the first has failed before the second is looked at.
    const sooner = await flow(fromIterable(inputs()))
      .pipe(nearDuplicates({ concurrency: 1 }), fails, refuses([], 10))
      .run();
    expect(sooner.counts).toMatchObject({ ok: 1, failed: 1, skipped: 1 });
    expect(sooner.conclusions).toEqual([]);
    const fine = await flow(fromIterable(inputs())).pipe(nearDuplicates(), refuses([], 10)).run();
    expect([fine.counts.ok, fine.conclusions]).toEqual([1, []]);
  });

  it.each<[string, () => Promise<Buffer>]>([
    ["smaller", () => sharp(first).resize(120).jpeg().toBuffer()],
    ["of lower quality", () => sharp(first).jpeg({ quality: 30 }).toBuffer()],
    ["in WebP", () => sharp(first).webp({ quality: 60 }).toBuffer()],
    ["lighter", () => sharp(first).modulate({ brightness: 1.2 }).jpeg().toBuffer()],
    ["cropped by 1 %", () => sharp(first).extract({ left: 5, top: 4, width: 470, height: 352 }).jpeg().toBuffer()],
    ["in grey", () => sharp(first).greyscale().png().toBuffer()],
    ["turned by EXIF", () => sharp(first).rotate(90).withMetadata({ orientation: 8 }).jpeg().toBuffer()],
    ["on a transparent ground", () => sharp(first).ensureAlpha().png().toBuffer()],
  ])("drops a copy that is %s", async (_, copy) => {
    const { ids, report } = await idsOf([inputOf("a", first), inputOf("b", second), inputOf("copy", await copy())]);
    expect(ids).toEqual(["a", "b"]);
    expect(report.skipped).toMatchObject([{ reason: "dropped by nearDuplicates", count: 1 }]);
  });

  it("keeps pictures that differ, and the mirror image of one", async () => {
    const others = await Promise.all(
      Array.from({ length: 40 }, (_, seed) =>
        picture(seed + 10, 64, 48)
          .png()
          .toBuffer(),
      ),
    );
    const inputs = others.map((bytes, index) => inputOf(`p${index}`, bytes));
    const flop = inputOf("flop", await sharp(first).flop().jpeg().toBuffer());
    const { ids } = await idsOf([...inputs, inputOf("a", first), flop]);
    expect(ids).toHaveLength(42);
  });

  it("keeps the first in order, although a later one is hashed sooner", async () => {
    const slow = await picture(1, 3000, 2250).png().toBuffer();
    const inputs = [inputOf("slow", slow), ...Array.from({ length: 6 }, (_, index) => inputOf(`fast${index}`, first))];
    expect((await idsOf(inputs, { concurrency: 8 })).ids).toEqual(["slow"]);
  });

  it("names the image that was kept and the distance, with both pictures on the page", async () => {
    const path = folderWith(temp, { "a.jpg": first, "b.jpg": await sharp(first).resize(100).jpeg().toBuffer() });
    const report = await flow(folder(path)).pipe(nearDuplicates()).run();
    const [sheet] = report.sheets;
    expect(sheet).toMatchObject({ stage: "nearDuplicates", count: 1 });
    expect(sheet?.rows[0]?.text).toMatch(/looks like .*[ab]\.jpg \(id \S+\); [0-4] of 64 bits differ/);
    expect(JSON.parse(JSON.stringify(report)).sheets[0].rows[0].pictures).toHaveLength(2);
    await report.writeHtml(join(temp, "report.html"));
    const page = readFileSync(join(temp, "report.html"), "utf8");
    expect(page).toContain("nearDuplicates: 1");
    expect(page.match(/<img src="data:image\/jpeg/g)).toHaveLength(2);
  });

  it("passes other inputs, and says which images it did not compare", async () => {
    const { ids, report } = await idsOf([
      { id: "text", text: "x" },
      { id: "url", image: { url: "https://a.test/x.jpg" } },
      inputOf("red", await jpeg(64, 64, "#f00")),
      inputOf("blue", await jpeg(64, 64, "#00f")),
      inputOf("cut", first.subarray(0, 3000)),
      { id: "sound", audio: { path: example("media/foghorn.wav") } },
    ]);
    expect(ids).toHaveLength(6);
    expect(Object.values(report.notes)).toEqual([1, 2, 1]);
  });

  it("drops by the distance that is set", async () => {
    const other = await sharp(first).extract({ left: 24, top: 18, width: 432, height: 324 }).jpeg().toBuffer();
    const inputs = [inputOf("a", first), inputOf("crop", other)];
    expect((await idsOf(inputs, { distance: 0 })).ids).toEqual(["a", "crop"]);
    const far = await idsOf(inputs, { distance: 11 });
    expect(far.ids.length + far.report.counts.skipped).toBe(2);
    expect(() => nearDuplicates({ distance: 12 })).toThrow(/distance/);
  });
});

describe("the store of nearDuplicates", () => {
  it("drops what looks like an image of an earlier run, and keeps that image itself", async () => {
    const store = newStore();
    expect((await idsOf([inputOf("a", first)], { store })).ids).toEqual(["a"]);
    const copy = inputOf("copy", await sharp(first).resize(100).jpeg().toBuffer());
    expect((await idsOf([copy, inputOf("b", second)], { store })).ids).toEqual(["b"]);
    expect((await idsOf([copy, inputOf("a", first), inputOf("b", second)], { store })).ids).toEqual(["a", "b"]);
    expect(readFileSync(store, "utf8").trim().split("\n")).toHaveLength(3);
    expect(existsSync(`${store}.lock`)).toBe(false);
  });

  it("keeps an image that a failed run kept and did not write, with a journal", async () => {
    const [store, journal] = [newStore(), newStore()];
    const inputs = [inputOf("a", first), inputOf("copy", await sharp(first).resize(100).jpeg().toBuffer())];
    const run = (write: (ids: string[]) => void): Promise<Report> =>
      flow(fromIterable(inputs))
        .pipe(
          nearDuplicates({ store }),
          sinkOf((written) => write(written.map(({ id }) => id))),
        )
        .run({ journal });
    await expect(
      run(() => {
        throw new Error("the network is down");
      }),
    ).rejects.toThrow();
    const written: string[] = [];
    const report = await run((ids) => void written.push(...ids));
    expect(written).toEqual(["a"]);
    expect(report.ok).toBe(true);
    expect((await run((ids) => void written.push(...ids))).counts).toMatchObject({ ok: 0, skipped: 2 });
  });

  it("is not written by a plan", async () => {
    const store = newStore();
    await flow(fromIterable([inputOf("a", first)]))
      .pipe(
        nearDuplicates({ store }),
        sinkOf(() => undefined),
      )
      .plan();
    expect(existsSync(store)).toBe(false);
  });

  it("is used by one run at a time", async () => {
    const store = newStore();
    let open: (() => void) | undefined;
    const held = new Promise<void>((resolve) => {
      open = resolve;
    });
    const waiting = (async function* () {
      yield inputOf("a", first);
      await held;
    })();
    const running = flow(fromIterable(waiting)).pipe(nearDuplicates({ store })).run();
    await expect.poll(() => existsSync(store) && readFileSync(store, "utf8")).toContain('"id":"a"');
    const [failure] = (await idsOf([inputOf("b", second)], { store })).report.failures;
    expect(failure).toMatchObject({ code: "ERR_HASH_STORE" });
    expect(failure?.reason).toMatch(/in use by process \d+/);
    open?.();
    expect((await running).ok).toBe(true);
    expect((await idsOf([inputOf("b", second)], { store })).ids).toEqual(["b"]);
  });

  it("drops a truncated last line, and reports a damaged one", async () => {
    const store = newStore();
    await idsOf([inputOf("a", first), inputOf("b", second)], { store });
    writeFileSync(store, readFileSync(store).subarray(0, -10));
    expect((await idsOf([inputOf("x", first), inputOf("y", second)], { store })).ids).toEqual(["y"]);
    const text = readFileSync(store, "utf8").split("\n");
    expect(text).toHaveLength(4);
    writeFileSync(store, [text[0], text[1]?.replace('"id":"a"', '"id":"c"'), text[2], ""].join("\n"));
    const { ids, report } = await idsOf([inputOf("x", first), inputOf("z", second)], { store });
    expect(ids).toEqual(["x"]);
    expect(Object.keys(report.notes)).toEqual([expect.stringContaining("damaged lines")]);
  });

  it.each<[string, () => string, RegExp]>([
    [
      "another file",
      () => inputOf("notes.txt", Buffer.from("dear diary\n")).image?.["path" as never] ?? "",
      /is not a store of nearDuplicates/,
    ],
    ["a folder", () => folderWith(temp, { a: "x" }), /is not a store/],
    ["a missing folder", () => join(temp, "nowhere/store"), /cannot be opened/],
  ])("fails with its reason for %s", async (_, make, reason) => {
    const store = make();
    const [failure] = (await idsOf([inputOf("a", first)], { store })).report.failures;
    expect(failure?.code).toBe("ERR_HASH_STORE");
    expect(failure?.reason).toMatch(reason);
  });
});

it("finds the same hashes as a comparison with all of them", () => {
  const hash = fc.record({
    high: fc.integer({ min: 0, max: 0xffffffff }),
    low: fc.integer({ min: 0, max: 0xffffffff }),
  });
  const flips = fc.array(fc.integer({ min: 0, max: 63 }), { maxLength: 13 });
  fc.assert(
    fc.property(
      fc.array(hash, { maxLength: 20 }),
      fc.array(flips, { minLength: 1, maxLength: 20 }),
      hash,
      fc.integer({ min: 0, max: 11 }),
      (others, near, query, distance) => {
        const index = new HashIndex(distance);
        const flipped = near.map((bits) => {
          let { high, low } = query;
          for (const bit of bits) bit < 32 ? (high ^= 1 << bit) : (low ^= 1 << (bit - 32));
          return { high: high >>> 0, low: low >>> 0 };
        });
        const all = [...others, ...flipped];
        for (const one of all) index.add(one);
        const expected = all
          .map((one, position) => ({ position, distance: distanceOf(one, query) }))
          .filter((one) => one.distance <= distance)
          .sort((one, other) => one.distance - other.distance || one.position - other.position);
        expect(index.near(query)).toEqual(expected);
      },
    ),
    propertyRuns(120),
  );
});
