/** Drawings of a report: throughput over time, and locations on a map of degrees. */

import type { GeoPoint } from "../../input/input.js";
import { counted, durationText, rateText } from "../../util/format/format.js";
import type { Throughput } from "../throughput.js";
import { type Html, html } from "./html.js";

const chart = { width: 720, height: 170, top: 30, bottom: 30 };

/** Draws the inputs a second, with a bar for each span. */
export function throughputChart({ spanMs, inputs }: Throughput, durationMs: number): Html {
  const { width, height, top, bottom } = chart;
  const lengthMs = inputs.length === 1 ? Math.max(durationMs, 1) : spanMs;
  const rates = inputs.map((count) => (count * 1000) / lengthMs);
  const highest = Math.max(...rates, 0.1);
  const step = width / Math.max(inputs.length, 1);
  const floor = height - bottom;
  const bars = rates.map((rate, n) => {
    const tall = (rate / highest) * (floor - top);
    const title = `${durationText(n * spanMs)}: ${rateText(rate)}, ${counted(inputs[n] ?? 0, "input")}`;
    return html`<rect x="${n * step}" y="${floor - tall}" width="${Math.max(step - 1, 0.5)}" height="${tall}"><title>${title}</title></rect>`;
  });
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="inputs a second over time, at most ${rateText(highest)}"><line x1="0" x2="${width}" y1="${top}" y2="${top}"/><line x1="0" x2="${width}" y1="${floor}" y2="${floor}"/>${bars}<text x="0" y="22">${rateText(highest)}</text><text x="0" y="${height - 6}">0</text><text x="${width}" y="${height - 6}" text-anchor="end">${durationText(durationMs)}</text></svg>`;
}

const mapWidth = 720;
const mapHeight = { least: 200, most: 460 };
/** Fewest degrees that the map shows, so that a single location has surroundings. */
const leastDegrees = 8;

/** Draws locations on a map of longitude and latitude that is just large enough for them. */
export function locationMap(points: readonly GeoPoint[]): Html {
  const acrossSpan = span(points.map(({ longitude }) => longitude));
  const downSpan = span(points.map(({ latitude }) => latitude));
  // The map draws a degree with the same length in both directions.
  const [west, east] = widened(acrossSpan, ((downSpan[1] - downSpan[0]) * mapWidth) / mapHeight.most);
  const [south, north] = widened(downSpan, ((east - west) * mapHeight.least) / mapWidth);
  const scale = mapWidth / (east - west);
  const height = (north - south) * scale;
  const across = (longitude: number) => (longitude - west) * scale;
  const down = (latitude: number) => (north - latitude) * scale;
  const lines = [
    ...ticks(west, east).map((degrees) => {
      const x = across(degrees);
      const text =
        x > mapWidth - 50
          ? html``
          : html`<text x="${x + 3}" y="${height - 4}">${degreesText(degrees, "W", "E")}</text>`;
      return html`<line x1="${x}" x2="${x}" y1="0" y2="${height}"/>${text}`;
    }),
    ...ticks(south, north).map((degrees) => {
      const y = down(degrees);
      const text =
        y < 30 || y > height - 20 ? html`` : html`<text x="3" y="${y - 3}">${degreesText(degrees, "S", "N")}</text>`;
      return html`<line x1="0" x2="${mapWidth}" y1="${y}" y2="${y}"/>${text}`;
    }),
  ];
  const dots = points.map(({ longitude, latitude }) => {
    const title = `${latitude.toFixed(4)}, ${longitude.toFixed(4)}`;
    return html`<circle cx="${across(longitude)}" cy="${down(latitude)}" r="5"><title>${title}</title></circle>`;
  });
  return html`<svg class="map" viewBox="0 0 ${mapWidth} ${height}" role="img" aria-label="${counted(points.length, "location")} on a map">${lines}${dots}</svg>`;
}

function degreesText(degrees: number, below: string, above: string): string {
  return degrees === 0 ? "0°" : `${Math.abs(degrees)}° ${degrees < 0 ? below : above}`;
}

/** Returns the least and the greatest of some degrees, with a margin. */
function span(degrees: readonly number[]): [number, number] {
  const least = Math.min(...degrees);
  const most = Math.max(...degrees);
  const margin = Math.max((most - least) * 0.08, (leastDegrees - (most - least)) / 2);
  return [least - margin, most + margin];
}

function widened([from, to]: [number, number], least: number): [number, number] {
  const more = Math.max(0, (least - (to - from)) / 2);
  return [from - more, to + more];
}

/** Returns four to eight round degrees of a span. */
function ticks(from: number, to: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 90];
  const step = steps.find((degrees) => (to - from) / degrees <= 8) ?? 90;
  const first = Math.ceil(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, n) => (first + n) * step);
}
