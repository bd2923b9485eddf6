/** Regions: checks boxes, polygons and points, whose coordinates are shares of width and height. */

import { InputError } from "../../errors.js";
import type { Annotation } from "../input.js";

/** Checks the box and the polygon of an annotation. @throws {InputError} ERR_BOX, ERR_POLYGON */
export function checkRegion({ box, polygon }: Annotation): void {
  if (box) checkBox(box, `box [${box.join(", ")}]`);
  if (polygon) {
    checkCorners(polygon.length);
    for (const corner of polygon) checkCorner(corner, `polygon point [${corner.join(", ")}]`);
  }
}

/** Checks that an annotation can be rotated with its image: a mask and coordinates in the API's own form cannot. @throws {InputError} ERR_REGION */
export function checkRotatable({ id, mask, data = {} }: Annotation): void {
  const parts = [data.regions, data.frames].flatMap((list) => (Array.isArray(list) ? list : []));
  const hasOwnShape = parts.some(
    (part) => typeof part === "object" && part !== null && ("region_info" in part || "frame_info" in part),
  );
  if (!mask && !hasOwnShape && data.tracks === undefined) return;
  const which = id === undefined ? "an annotation" : `the annotation ${JSON.stringify(id)}`;
  const has = mask ? "a mask" : "coordinates in `data`";
  const text = `${which} has ${has}, which cannot be rotated with the image; boxes, polygons and points can`;
  throw new InputError("ERR_REGION", `${text}; upright: false leaves image and annotations as they are`);
}

/** Checks `[xMin, yMin, xMax, yMax]`. Error texts begin with `name` and end with `hint`. @throws {InputError} ERR_BOX */
export function checkBox(shares: readonly number[], name: string, hint = ""): void {
  if (shares.length !== 4 || shares.some((value) => !Number.isFinite(value))) {
    throw new InputError("ERR_BOX", `${name} is not [xMin, yMin, xMax, yMax]`);
  }
  const [xMin, yMin, xMax, yMax] = shares as [number, number, number, number];
  checkInside(shares, name, "ERR_BOX", hint);
  if (xMin < xMax && yMin < yMax) return;
  throw new InputError("ERR_BOX", `${name}: xMin must be less than xMax, and yMin less than yMax`);
}

/** Checks the number of corners of a polygon. @throws {InputError} ERR_POLYGON */
export function checkCorners(count: number): void {
  if (count >= 3) return;
  throw new InputError("ERR_POLYGON", `polygon of ${count} points; it needs three or more`);
}

/** Checks `[x, y]`. Error texts begin with `name` and end with `hint`. @throws {InputError} ERR_POLYGON */
export function checkCorner(shares: readonly number[], name: string, hint = ""): void {
  checkInside(shares, name, "ERR_POLYGON", hint);
}

/** Checks `[x, y]` of a point. Error texts begin with `name` and end with `hint`. @throws {InputError} ERR_POINT */
export function checkPoint(shares: readonly number[], name = `point [${shares.join(", ")}]`, hint = ""): void {
  if (shares.length !== 2) throw new InputError("ERR_POINT", `${name} is not [x, y]`);
  checkInside(shares, name, "ERR_POINT", hint);
}

function checkInside(shares: readonly number[], name: string, code: string, hint: string): void {
  if (shares.every((value) => value >= 0 && value <= 1)) return;
  throw new InputError(code, `${name} does not lie inside the image (0 to 1)${hint}`);
}
