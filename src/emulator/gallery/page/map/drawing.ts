/** Drawing the map: an equirectangular one, with lines every 30 degrees, land, and places that are near each other as one. */

import type { PlacesShape } from "../shapes.js";

/** What is in sight: the middle of it, in degrees, and how much it is enlarged. */
export interface Frame {
  longitude: number;
  latitude: number;
  scale: number;
}

interface Size {
  width: number;
  height: number;
}

/** Places that are drawn as one. */
export interface Group {
  x: number;
  y: number;
  count: number;
  radius: number;
  /** The newest of them. */
  seq: number;
}

const maxScale = 400;
/** Places in the same square of this many pixels are one. */
const squarePixels = 22;

/** At first the whole world fits in. */
function pixelsPerDegree({ width, height }: Size, scale: number): number {
  return Math.min(width / 360, height / 180) * scale;
}

/** Where the north-west corner of the world is, in pixels. */
function cornerOf(size: Size, { longitude, latitude, scale }: Frame): [x: number, y: number] {
  const degree = pixelsPerDegree(size, scale);
  return [size.width / 2 - (longitude + 180) * degree, size.height / 2 - (90 - latitude) * degree];
}

export function longitudeLatitude(size: Size, frame: Frame, x: number, y: number): [number, number] {
  const degree = pixelsPerDegree(size, frame.scale);
  const [left, top] = cornerOf(size, frame);
  return [clamped((x - left) / degree - 180, 180), clamped(90 - (y - top) / degree, 90)];
}

/** Enlarges what is at a point, and keeps the world in the window. */
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

/** Moves the world by so many pixels. */
export function moved(frame: Frame, size: Size, right: number, down: number): Frame {
  const degree = pixelsPerDegree(size, frame.scale);
  const { longitude, latitude, scale } = frame;
  return within(size, { longitude: longitude - right / degree, latitude: latitude + down / degree, scale });
}

function within(size: Size, { longitude, latitude, scale }: Frame): Frame {
  const degree = pixelsPerDegree(size, scale);
  return {
    longitude: clamped(longitude, Math.max(0, 180 - size.width / 2 / degree)),
    latitude: clamped(latitude, Math.max(0, 90 - size.height / 2 / degree)),
    scale,
  };
}

function clamped(value: number, most: number): number {
  return Math.min(most, Math.max(-most, value));
}

export function groupsIn(points: PlacesShape["points"], size: Size, frame: Frame): Group[] {
  const degree = pixelsPerDegree(size, frame.scale);
  const [left, top] = cornerOf(size, frame);
  const groups = new Map<number, Group>();
  for (const [seq, longitude, latitude] of points) {
    const x = left + (longitude + 180) * degree;
    const y = top + (90 - latitude) * degree;
    if (x < -squarePixels || x > size.width + squarePixels || y < -squarePixels || y > size.height + squarePixels)
      continue;
    const key = Math.floor(x / squarePixels) * 100_000 + Math.floor(y / squarePixels);
    const group = groups.get(key);
    if (!group) groups.set(key, { x, y, count: 1, radius: 0, seq });
    else {
      group.count += 1;
      group.x += (x - group.x) / group.count;
      group.y += (y - group.y) / group.count;
    }
  }
  for (const group of groups.values()) group.radius = Math.min(14, 3.5 + Math.log2(group.count) * 1.3);
  return [...groups.values()];
}

export function draw(
  canvas: HTMLCanvasElement,
  size: Size,
  frame: Frame,
  land: Path2D | undefined,
  points: PlacesShape["points"],
): void {
  const { width, height } = size;
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  if (!context) return;
  const colour = (name: string) => getComputedStyle(canvas).getPropertyValue(name);
  const degree = pixelsPerDegree(size, frame.scale);
  const [left, top] = cornerOf(size, frame);

  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = colour("--sea");
  context.fillRect(0, 0, width, height);
  if (land) {
    // The outline is written in tenths of a degree, from the corner of the map.
    context.save();
    context.translate(left, top);
    context.scale(degree / 10, degree / 10);
    context.fillStyle = colour("--land");
    context.fill(land, "evenodd");
    context.restore();
  }
  context.strokeStyle = colour("--lines");
  context.lineWidth = 1;
  context.beginPath();
  for (let longitude = -180; longitude <= 180; longitude += 30) {
    const x = left + (longitude + 180) * degree;
    context.moveTo(x, top);
    context.lineTo(x, top + 180 * degree);
  }
  for (let latitude = -90; latitude <= 90; latitude += 30) {
    const y = top + (90 - latitude) * degree;
    context.moveTo(left, y);
    context.lineTo(left + 360 * degree, y);
  }
  context.stroke();

  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = "600 10px system-ui, sans-serif";
  for (const { x, y, count, radius } of groupsIn(points, size, frame)) {
    context.beginPath();
    context.arc(x, y, radius, 0, Math.PI * 2);
    context.fillStyle = colour("--point");
    context.fill();
    context.strokeStyle = colour("--point-edge");
    context.stroke();
    if (radius < 9) continue;
    context.fillStyle = colour("--point-text");
    context.fillText(count > 999 ? `${Math.round(count / 1000)}k` : String(count), x, y);
  }
}
