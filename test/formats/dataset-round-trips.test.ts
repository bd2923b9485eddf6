/** Round trips of datasets: what a writer writes, the source of the format reads again, exactly or with a reported loss. */

import { mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  flow,
  fromIterable,
  type Input,
  type InputDraft,
  imageFolder,
  labelStudio,
  type Report,
  type Source,
  voc,
  writeImageFolder,
  writeLabelStudio,
  writeVoc,
} from "../../src/index.js";
import { anyAnnotation, boxAnnotation, inputsOf } from "../helpers/dataset-inputs.js";
import { orientedJpeg, readAll } from "../helpers/datasets.js";
import { tempFolder } from "../helpers/files.js";
import { propertyRuns } from "../helpers/long.js";

const temp = tempFolder();
const newPath = () => mkdtempSync(join(temp, "out-"));

/** A format: its writer, and its source. */
interface Format {
  name: string;
  write(path: string): ReturnType<typeof writeVoc>;
  read(path: string): Source;
}
const formats: Format[] = [
  { name: "VOC", write: (path) => writeVoc(path), read: (path) => voc(path) },
  { name: "zero-based VOC", write: (path) => writeVoc(path, { pixels: "zero-based" }), read: (path) => voc(path) },
  { name: "ImageFolder", write: (path) => writeImageFolder(path), read: (path) => imageFolder(path) },
  { name: "Label Studio", write: (path) => writeLabelStudio(path), read: (path) => labelStudio(`${path}/tasks.json`) },
];

async function written(source: Source, format: Format): Promise<{ path: string; report: Report }> {
  const path = newPath();
  const report = await flow(source).pipe(format.write(path)).run();
  expect(report.failures).toEqual([]);
  return { path, report };
}

/** What a round trip must keep: file, split, classes and shapes. */
function keptOf(inputs: readonly (Input | InputDraft)[]): unknown {
  const regions = inputs.map(({ metadata, annotations }) => [
    metadata?.filename,
    metadata?.split,
    (annotations ?? []).map(({ box, polygon, point, concepts }) => [concepts, box ?? polygon ?? point]),
  ]);
  return regions.sort((one, other) => (String(one[0]) < String(other[0]) ? -1 : 1));
}

/** Compares numbers to 1e-6, and everything else exactly. */
function expectClose(found: unknown, expected: unknown, place = ""): void {
  if (typeof expected === "number") expect(Math.abs((found as number) - expected), place).toBeLessThan(1e-6);
  else if (Array.isArray(expected)) {
    expect((found as unknown[]).length, place).toBe(expected.length);
    for (const [index, value] of expected.entries())
      expectClose((found as unknown[])[index], value, `${place}/${index}`);
  } else expect(found, place).toEqual(expected);
}

/** Images of all orientations. */
async function images(): Promise<string[]> {
  const folder = newPath();
  return Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const path = join(folder, `${index}.jpg`);
      writeFileSync(path, await orientedJpeg(36, 24, index + 1));
      return path;
    }),
  );
}

describe("round trips of datasets", async () => {
  const paths = await images();

  for (const format of formats) {
    it(`keeps boxes of images in all orientations through ${format.name}`, async () => {
      await fc.assert(
        fc.asyncProperty(inputsOf(paths, boxAnnotation), async (inputs) => {
          const { path, report } = await written(fromIterable(inputs), format);
          expect(report.notes).toEqual({});
          expectClose(keptOf((await readAll(format.read(path))).inputs), keptOf(inputs));
        }),
        propertyRuns(8),
      );
    });
  }

  it("keeps polygons and points through Label Studio", async () => {
    const format = formats[3] as Format;
    await fc.assert(
      fc.asyncProperty(inputsOf(paths, anyAnnotation), async (inputs) => {
        const { path, report } = await written(fromIterable(inputs), format);
        expect(report.notes).toEqual({});
        expectClose(keptOf((await readAll(format.read(path))).inputs), keptOf(inputs));
      }),
      propertyRuns(8),
    );
  });

  it("reports a polygon as a loss where there are only boxes", async () => {
    const polygon = [
      [0.1, 0.2],
      [0.5, 0.2],
      [0.5, 0.6],
    ] as [number, number][];
    const draft: InputDraft = {
      id: "a",
      image: { path: paths[0] as string },
      annotations: [{ polygon, concepts: ["cat"] }],
    };
    for (const format of formats.slice(0, 3)) {
      const { path, report } = await written(fromIterable([draft]), format);
      expect(Object.keys(report.notes)).toEqual([
        `${format.name.replace("zero-based ", "")}: polygon written as its box`,
      ]);
      const [input] = (await readAll(format.read(path))).inputs;
      expectClose(input?.annotations[0]?.box, [0.1, 0.2, 0.5, 0.6]);
    }
  });
});
