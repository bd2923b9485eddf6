/** Makes images for datasets, with an EXIF orientation, and reads what a source yields. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tap } from "rxjs";
import sharp from "sharp";
import { type Annotation, flow, type Input, type Message, type Report, type Source } from "../../src/index.js";

/** Makes a JPEG with these stored sides and this EXIF orientation. */
export function orientedJpeg(width: number, height: number, orientation = 1): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: "#4a7fb5" } })
    .withMetadata({ orientation })
    .jpeg({ quality: 40 })
    .toBuffer();
}

/** Runs a source: its inputs, also if others failed, and the report. */
export async function readAll(source: Source): Promise<{ inputs: Input[]; report: Report }> {
  const inputs: Input[] = [];
  const collect = tap<Message>(({ value }) => inputs.push(value));
  const report = await flow(source).pipe(collect).run();
  return { inputs, report };
}

/** Returns `code: reason` of each failed input. */
export function failuresOf(report: Report): string[] {
  return report.failures.map(({ code, reason }) => `${code}: ${reason}`);
}

/** Returns the ids that a writer recorded in its folder. */
export function writtenIds(path: string): string[] {
  const lines = readFileSync(join(path, ".sluice-dataset.jsonl"), "utf8").trimEnd().split("\n");
  const records = lines.map((line) => JSON.parse(line) as { id?: string; digest?: string });
  return records.flatMap(({ id, digest }) => (id !== undefined && digest !== undefined ? [id] : []));
}

/** Returns a box or the corners of a polygon, rounded to nine digits. */
export function rounded(shape: readonly (number | readonly [number, number])[] | undefined): unknown {
  return shape?.map((value) => (typeof value === "number" ? round(value) : value.map(round)));
}

function round(value: number): number {
  return Number(value.toFixed(9));
}

/** Returns the size of the mask of an annotation, and the pixels inside it as [x, y]. */
export async function maskPixels(
  annotation: Annotation | undefined,
): Promise<{ width: number; height: number; inside: [number, number][] }> {
  if (!annotation?.mask || !("base64" in annotation.mask)) throw new Error("no mask");
  const png = Buffer.from(annotation.mask.base64, "base64");
  const { data, info } = await sharp(png).toColourspace("b-w").raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const inside = [...data].flatMap((value, index): [number, number][] =>
    value === 255 ? [[index % width, Math.floor(index / width)]] : [],
  );
  return { width, height, inside };
}
