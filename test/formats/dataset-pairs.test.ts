/** Conversions between all formats that Sluice writes: A → B → A keeps every region to 1e-6, or the writer reports what it changed. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Annotation,
  coco,
  flow,
  fromIterable,
  type InputDraft,
  imageFolder,
  labelStudio,
  type Source,
  voc,
  writeCoco,
  writeImageFolder,
  writeLabelStudio,
  writeVoc,
  writeYolo,
  yolo,
} from "../../src/index.js";
import { boxAnnotation, polygonAnnotation } from "../helpers/dataset-inputs.js";
import { orientedJpeg, readAll } from "../helpers/datasets.js";
import { tempFolder } from "../helpers/files.js";
import { isLong } from "../helpers/long.js";

const temp = tempFolder();
/** Names that the draft below may use, in an order in which the used ones are not neighbours. */
const classes = ["unused", "cat", "dog", "never", "Käfer", 'a <b> & "c"', "traffic light"];
const options = { classes, media: "link" } as const;

interface Format {
  name: string;
  write(path: string): ReturnType<typeof writeVoc>;
  read(path: string): Source;
  /** What a region is after this format was written and read. */
  shape(region: Region): Region["kind"];
}
const asBox = () => "box" as const;
const same = ({ kind }: Region) => kind;
const yoloTask = (task: "detect" | "segment" | "obb", shape: Format["shape"]): Format => ({
  name: `YOLO ${task}`,
  write: (path) => writeYolo(path, { ...options, task }),
  read: (path) => yolo(path, { task }),
  shape,
});
const formats: Format[] = [
  { name: "COCO", write: (path) => writeCoco(path, options), read: (path) => coco(path), shape: same },
  yoloTask("detect", asBox),
  yoloTask("segment", () => "polygon"),
  yoloTask("obb", () => "rotated"),
  { name: "VOC", write: (path) => writeVoc(path, options), read: (path) => voc(path), shape: asBox },
  {
    name: "ImageFolder",
    write: (path) => writeImageFolder(path, options),
    read: (path) => imageFolder(path),
    shape: asBox,
  },
  {
    name: "Label Studio",
    write: (path) => writeLabelStudio(path, options),
    read: (path) => labelStudio(`${path}/tasks.json`),
    shape: same,
  },
];
const pairs = formats.flatMap((first) => formats.map((second) => [first, second] as const));

type Numbers = readonly number[];
interface Region {
  kind: "box" | "polygon" | "rotated";
  className: string;
  numbers: Numbers;
}

function regionOf({ box, polygon, concepts }: Partial<Annotation>): Region {
  const className = concepts?.[0]?.id ?? "";
  if (box) return { kind: "box", className, numbers: box };
  return { kind: polygon?.length === 4 ? "rotated" : "polygon", className, numbers: polygon?.flat() ?? [] };
}

/** Regions of images, by file name, with the split. */
async function regionsIn(source: Source): Promise<Map<string, { split: unknown; regions: Region[] }>> {
  const { inputs, report } = await readAll(source);
  expect(report.failures).toEqual([]);
  return new Map(
    inputs.map(({ metadata, annotations }) => [
      String(metadata.filename),
      { split: metadata.split, regions: annotations.map(regionOf) },
    ]),
  );
}

/** Writes and returns how many regions of each file the writer reported as changed. */
async function convert(source: Source, format: Format, path: string): Promise<Map<string, number>> {
  const report = await flow(source).pipe(format.write(path)).run();
  expect(report.failures).toEqual([]);
  const changes = new Map<string, number>();
  const losses = join(path, "losses.jsonl");
  if (!existsSync(losses)) return changes;
  for (const line of readFileSync(losses, "utf8").trimEnd().split("\n")) {
    const { file, lost } = JSON.parse(line) as { file: string; lost: { what: string; count: number }[] };
    const changed = lost.filter(({ what }) => /^(polygon|box) written as /.test(what));
    for (const { what } of lost)
      expect(report.notes).toHaveProperty([`${format.name.replace(/(?<=YOLO) .*/, "")}: ${what}`]);
    changes.set(
      file.split("/").at(-1) as string,
      changed.reduce((sum, { count }) => sum + count, 0),
    );
  }
  return changes;
}

/** Compares a region with the one before a conversion. */
function expectKept(found: Region, before: Region, format: Format): boolean {
  const kind = format.shape(before);
  const isChanged =
    before.kind === "box" ? kind !== "box" : kind === "box" || (kind === "rotated" && before.kind === "polygon");
  expect(found.className).toBe(before.className);
  if (!isChanged) {
    expect(found.kind).toBe(before.kind);
    expectClose(found.numbers, before.numbers);
  } else if (kind === "box" || before.kind === "box") expectClose(boundsOf(found), boundsOf(before));
  return isChanged;
}

function boundsOf({ kind, numbers }: Region): Numbers {
  if (kind === "box") return numbers;
  const [xs, ys] = [numbers.filter((_, at) => at % 2 === 0), numbers.filter((_, at) => at % 2 === 1)];
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function expectClose(found: Numbers, expected: Numbers): void {
  expect(found).toHaveLength(expected.length);
  for (const [at, value] of expected.entries()) expect(Math.abs((found[at] as number) - value)).toBeLessThan(1e-6);
}

/** Three images: turned by its EXIF orientation, upright, and one without annotations. */
async function images(): Promise<string[]> {
  const folder = mkdtempSync(join(temp, "images-"));
  const orientations = [6, 1, 1];
  return Promise.all(
    orientations.map(async (orientation, index) => {
      const path = join(folder, `${index}.jpg`);
      writeFileSync(path, await orientedJpeg(36, 24, orientation));
      return path;
    }),
  );
}

describe("conversions between formats", async () => {
  const paths = await images();
  const list = fc.array(fc.oneof(boxAnnotation, polygonAnnotation), { minLength: 1, maxLength: 4 });
  const drafts = fc.tuple(list, list).map((lists): InputDraft[] =>
    paths.map((path, index) => ({
      id: `input-${index}`,
      image: { path },
      metadata: { filename: `${index}.jpg`, split: index === 1 ? "val" : "train" },
      annotations: lists[index] ?? [],
    })),
  );

  it.each(pairs.map(([first, second]) => [first.name, second.name, first, second] as const))(
    "%s → %s → back",
    async (_one, _other, first, second) => {
      await fc.assert(
        fc.asyncProperty(drafts, async (inputs) => {
          const home = mkdtempSync(join(temp, "pair-"));
          let source: Source = fromIterable(inputs);
          let before: Awaited<ReturnType<typeof regionsIn>> = new Map(
            inputs.map(({ metadata, annotations }) => [
              String(metadata?.filename),
              { split: metadata?.split, regions: (annotations ?? []).map((one) => regionOf(one as Annotation)) },
            ]),
          );
          for (const [step, format] of [first, second, first].entries()) {
            const path = join(home, String(step));
            const changes = await convert(source, format, path);
            source = format.read(path);
            const after = await regionsIn(source);
            expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
            for (const [file, { split, regions }] of before) {
              expect(after.get(file)?.split).toBe(split);
              expect(after.get(file)?.regions).toHaveLength(regions.length);
              const changed = regions.filter((region, at) =>
                expectKept(after.get(file)?.regions[at] as Region, region, format),
              );
              expect(changes.get(file) ?? 0).toBe(changed.length);
            }
            before = after;
          }
          rmSync(home, { recursive: true });
        }),
        { numRuns: isLong ? 20 : 1 },
      );
    },
  );
});
