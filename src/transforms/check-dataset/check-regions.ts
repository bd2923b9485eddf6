/** Checks the annotations of one input: boxes and polygons without area, of less than a pixel, twice, or without a class. */

import { InputError } from "../../core/errors.js";
import { checkRegion } from "../../core/input/annotations/regions.js";
import type { Annotation, Input } from "../../core/input/input.js";
import { checkOfError } from "./check-of-error.js";
import { findingOf, type InputFinding } from "./findings.js";

/** Checks all regions of an input. */
export function checkRegions({ annotations, image }: Input): InputFinding[] {
  const findings: InputFinding[] = [];
  const seen = new Set<string>();
  const { width, height } = image ?? {};
  for (const annotation of annotations) {
    const { box, polygon, point, mask, concepts, data } = annotation;
    if (!box && !polygon && !point && !mask) continue;
    const problem = problemOf(annotation);
    const name = nameOf(annotation);
    if (problem) findings.push(problem);
    else if (width && height && (box || polygon)) {
      const pixels = pixelsOf(annotation, width, height);
      if (pixels.area === 0) findings.push({ check: "degenerate-box", reason: `${name} has no area` });
      else if (pixels.width < 1 || pixels.height < 1 || pixels.area < 1)
        findings.push({
          check: "tiny-box",
          reason: `${name} covers ${sizeText(pixels)} pixels of ${width} × ${height}`,
        });
    }
    if (concepts.length === 0 && !data) findings.push({ check: "no-class", reason: `${name} has no class` });
    if (!box && !polygon) continue;
    const key = JSON.stringify([box, polygon, annotation.frame, concepts.map(({ id }) => id).sort()]);
    if (seen.has(key))
      findings.push({ check: "duplicate-box", reason: `${name} of ${classesOf(annotation)} occurs twice` });
    seen.add(key);
  }
  return findings;
}

function problemOf(annotation: Annotation): InputFinding | undefined {
  try {
    checkRegion(annotation);
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return findingOf(checkOfError(error.code, error.message), error);
  }
}

/** The extent of a box or polygon in pixels. */
function pixelsOf({ box, polygon = [] }: Annotation, width: number, height: number) {
  if (box) {
    const [xMin, yMin, xMax, yMax] = box;
    const sides = { width: (xMax - xMin) * width, height: (yMax - yMin) * height };
    return { ...sides, area: sides.width * sides.height };
  }
  const xs = polygon.map(([x]) => x * width);
  const ys = polygon.map(([, y]) => y * height);
  let twice = 0;
  for (const [index, x] of xs.entries()) {
    const next = (index + 1) % xs.length;
    twice += x * (ys[next] as number) - (xs[next] as number) * (ys[index] as number);
  }
  const area = Math.abs(twice) < 1e-6 ? 0 : Math.abs(twice) / 2;
  return { width: spread(xs), height: spread(ys), area };
}

function spread(values: readonly number[]): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return most - least;
}

function sizeText({ width, height }: { width: number; height: number }): string {
  return `${digits(width)} × ${digits(height)}`;
}

function nameOf({ box, polygon, point }: Annotation): string {
  if (box) return `box [${box.map(digits).join(", ")}]`;
  if (polygon) return `polygon of ${polygon.length} corners`;
  return point ? `point [${point.map(digits).join(", ")}]` : "mask";
}

function classesOf({ concepts }: Annotation): string {
  return concepts.length === 0 ? "no class" : concepts.map(({ id }) => JSON.stringify(id)).join(", ");
}

function digits(value: number): string {
  return String(Number(value.toPrecision(4)));
}
