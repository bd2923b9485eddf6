/** The geometry of the map: which part of the world is visible, and where locations are on the canvas. */

import type { LocationsShape } from "../../shapes.js";

/** The visible part of the world: its middle in degrees, and its enlargement. */
export interface Frame {
  longitude: number;
  latitude: number;
  scale: number;
}

/** Size of the canvas in pixels. */
export interface Size {
  width: number;
  height: number;
}

/** Locations that are drawn as one point. */
export interface Group {
  x: number;
  y: number;
  count: number;
  radius: number;
  /** The newest input of the group. */
  seq: number;
  /** West, south, east and north of its locations. */
  bounds: Bounds;
}

/** West, south, east, north, in degrees. */
export type Bounds = [west: number, south: number, east: number, north: number];

/** The inhabited world. */
export const wholeWorld: Frame = { longitude: 0, latitude: 12, scale: 1 };
/** Degrees of latitude that are visible at scale 1: without most of the polar regions. */
export const worldHeight = 144;
const maxScale = 400;
/** Locations in the same square of this many pixels form a group. */
const squarePixels = 22;
const maxRadius = 14;

/** Fewest degrees that the map shows of the surroundings of locations. */
const minDegrees = 4;
const margin = 1.25;

/** Returns the pixels of one degree. At scale 1, the world fills the canvas. */
export function pixelsPerDegree({ width, height }: Size, scale: number): number {
  return Math.max(width / 360, height / worldHeight) * scale;
}

/** Returns the frame that shows all locations. */
export function frameAround([west, south, east, north]: Bounds, size: Size): Frame {
  const [across, down] = [Math.max(east - west, minDegrees) * margin, Math.max(north - south, minDegrees) * margin];
  const scale = Math.min(size.width / across, size.height / down) / pixelsPerDegree(size, 1);
  return within(size, {
    longitude: (west + east) / 2,
    latitude: (south + north) / 2,
    scale: Math.min(maxScale, Math.max(1, scale)),
  });
}

/** Returns the bounds of locations; undefined without any. */
export function boundsOf(points: LocationsShape["points"]): Bounds | undefined {
  const [first] = points;
  if (!first) return undefined;
  const bounds: Bounds = [first[1], first[2], first[1], first[2]];
  for (const [, longitude, latitude] of points) extend(bounds, longitude, latitude);
  return bounds;
}

function extend(bounds: Bounds, longitude: number, latitude: number): void {
  bounds[0] = Math.min(bounds[0], longitude);
  bounds[1] = Math.min(bounds[1], latitude);
  bounds[2] = Math.max(bounds[2], longitude);
  bounds[3] = Math.max(bounds[3], latitude);
}

/** Returns the position of the north-west corner of the world, in pixels. */
export function cornerOf(size: Size, { longitude, latitude, scale }: Frame): [x: number, y: number] {
  const degree = pixelsPerDegree(size, scale);
  return [size.width / 2 - (longitude + 180) * degree, size.height / 2 - (90 - latitude) * degree];
}

/** Returns the location of a pixel. */
export function locationAt(size: Size, frame: Frame, x: number, y: number): [longitude: number, latitude: number] {
  const degree = pixelsPerDegree(size, frame.scale);
  const [left, top] = cornerOf(size, frame);
  return [clamped((x - left) / degree - 180, 180), clamped(90 - (y - top) / degree, 90)];
}

/** Zooms by a factor. The location under the pixel stays where it is, unless the world would leave the canvas. */
export function zoomed(frame: Frame, size: Size, factor: number, x: number, y: number): Frame {
  const scale = Math.min(maxScale, Math.max(1, frame.scale * factor));
  const [right, down] = [x - size.width / 2, y - size.height / 2];
  const change = 1 / pixelsPerDegree(size, frame.scale) - 1 / pixelsPerDegree(size, scale);
  return within(size, {
    longitude: frame.longitude + right * change,
    latitude: frame.latitude - down * change,
    scale,
  });
}

/** Moves the world by a number of pixels. */
export function moved(frame: Frame, size: Size, right: number, down: number): Frame {
  const degree = pixelsPerDegree(size, frame.scale);
  const { longitude, latitude, scale } = frame;
  return within(size, { longitude: longitude - right / degree, latitude: latitude + down / degree, scale });
}

/** Keeps the world in the canvas. */
function within(size: Size, { longitude, latitude, scale }: Frame): Frame {
  const degree = pixelsPerDegree(size, scale);
  return {
    longitude: clamped(longitude, Math.max(0, 180 - size.width / 2 / degree)),
    latitude: clamped(latitude, Math.max(0, 90 - size.height / 2 / degree)),
    scale,
  };
}

function clamped(value: number, max: number): number {
  return Math.min(max, Math.max(-max, value));
}

/** Groups the locations that are visible and near each other. */
export function groupsIn(points: LocationsShape["points"], size: Size, frame: Frame): Group[] {
  const degree = pixelsPerDegree(size, frame.scale);
  const [left, top] = cornerOf(size, frame);
  const groups = new Map<number, Group>();
  for (const [seq, longitude, latitude] of points) {
    const x = left + (longitude + 180) * degree;
    const y = top + (90 - latitude) * degree;
    if (!isVisible(x, size.width) || !isVisible(y, size.height)) continue;
    const key = Math.floor(x / squarePixels) * 100_000 + Math.floor(y / squarePixels);
    const group = groups.get(key);
    if (!group) {
      groups.set(key, { x, y, count: 1, radius: 0, seq, bounds: [longitude, latitude, longitude, latitude] });
      continue;
    }
    group.count += 1;
    group.x += (x - group.x) / group.count;
    group.y += (y - group.y) / group.count;
    extend(group.bounds, longitude, latitude);
  }
  for (const group of groups.values()) group.radius = Math.min(maxRadius, 3.5 + Math.log2(group.count) * 1.3);
  return [...groups.values()];
}

function isVisible(pixel: number, length: number): boolean {
  return pixel >= -squarePixels && pixel <= length + squarePixels;
}
