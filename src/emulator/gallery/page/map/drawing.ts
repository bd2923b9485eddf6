/** Draws the map: an equirectangular one with land, lines every 30 degrees, and groups of locations. */

import { cities } from "../../../../core/util/world/places.js";
import { cornerOf, type Frame, type Group, pixelsPerDegree, type Size } from "./frame.js";

interface MapContent {
  land: Path2D | undefined;
  groups: readonly Group[];
}

/** Where the world is on the canvas, and how it is coloured. */
interface Drawing {
  context: CanvasRenderingContext2D;
  left: number;
  top: number;
  /** Pixels of one degree. */
  degree: number;
  colour: (name: string) => string;
}

/** The counts of smaller groups do not fit. */
const minRadiusWithCount = 9;

/** Draws the map on a canvas. */
export function draw(canvas: HTMLCanvasElement, size: Size, frame: Frame, { land, groups }: MapContent): void {
  const { width, height } = size;
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  if (!context) return;
  const colour = (name: string) => getComputedStyle(canvas).getPropertyValue(name);
  const [left, top] = cornerOf(size, frame);
  const drawing: Drawing = { context, left, top, degree: pixelsPerDegree(size, frame.scale), colour };
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = colour("--sea");
  context.fillRect(0, 0, width, height);
  if (land) drawLand(drawing, land);
  drawLines(drawing);
  drawCities(drawing, size);
  drawGroups(drawing, groups);
}

function drawLand({ context, left, top, degree, colour }: Drawing, land: Path2D): void {
  // The outline is in tenths of a degree, from the north-west corner.
  context.save();
  context.translate(left, top);
  context.scale(degree / 10, degree / 10);
  context.fillStyle = colour("--land");
  context.fill(land, "evenodd");
  context.restore();
}

function drawLines({ context, left, top, degree, colour }: Drawing): void {
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
}

/** Most cities that are named, and the space around a name in pixels. */
const maxCities = 20;
const space = { across: 110, down: 26 };

/** Names the largest visible cities whose names have space. */
function drawCities({ context, left, top, degree }: Drawing, { width, height }: Size): void {
  context.fillStyle = getComputedStyle(context.canvas).color;
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "left";
  context.textBaseline = "middle";
  const named: [x: number, y: number][] = [];
  for (const { name, longitude, latitude } of cities) {
    if (named.length === maxCities) return;
    const [x, y] = [left + (longitude + 180) * degree, top + (90 - latitude) * degree];
    if (x < 4 || y < 10 || x > width - space.across || y > height - 10) continue;
    if (named.some(([ox, oy]) => Math.abs(ox - x) < space.across && Math.abs(oy - y) < space.down)) continue;
    named.push([x, y]);
    context.fillRect(x - 1, y - 1, 2, 2);
    context.fillText(name, x + 5, y);
  }
}

function drawGroups({ context, colour }: Drawing, groups: readonly Group[]): void {
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.font = "600 10px system-ui, sans-serif";
  for (const { x, y, count, radius } of groups) {
    context.beginPath();
    context.arc(x, y, radius, 0, Math.PI * 2);
    context.fillStyle = colour("--point");
    context.fill();
    context.strokeStyle = colour("--point-edge");
    context.stroke();
    if (radius < minRadiusWithCount) continue;
    context.fillStyle = colour("--point-text");
    context.fillText(count > 999 ? `${Math.round(count / 1000)}k` : String(count), x, y);
  }
}
