/** Draws locations on a map of land and large cities that is just large enough for them. */

import type { GeoPoint } from "../../input/input.js";
import { counted } from "../../util/format/format.js";
import { landOutline } from "../../util/world/land.js";
import { cities, placeText } from "../../util/world/places.js";
import { Html, html } from "./html.js";

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
    const title = `${latitude.toFixed(4)}, ${longitude.toFixed(4)}: ${placeText(longitude, latitude)}`;
    return html`<circle cx="${across(longitude)}" cy="${down(latitude)}" r="5"><title>${title}</title></circle>`;
  });
  const land = html`<path class="land" fill-rule="evenodd" transform="translate(${across(-180)} ${down(90)}) scale(${new Html((scale / 10).toFixed(4))})" d="${landOutline}"/>`;
  const names = nameLabels({ west, east, south, north, across, down });
  return html`<svg class="map" viewBox="0 0 ${mapWidth} ${height}" role="img" aria-label="${counted(points.length, "location")} on a map">${land}${lines}${names}${dots}</svg><p class="soft">Land: Natural Earth. Cities: GeoNames, CC BY 4.0.</p>`;
}

interface MapView {
  west: number;
  east: number;
  south: number;
  north: number;
  across: (longitude: number) => number;
  down: (latitude: number) => number;
}

/** Most names of cities on a map, and the height of a name. */
const maxNames = 14;
const nameSize = 12;

/** Names the largest cities of the map whose names have space. */
function nameLabels({ west, east, south, north, across, down }: MapView): Html[] {
  const visible = cities.filter(
    ({ longitude, latitude }) => longitude > west && longitude < east && latitude > south && latitude < north,
  );
  const shown: { name: string; x: number; y: number }[] = [];
  for (const { name, longitude, latitude } of visible) {
    if (shown.length === maxNames) break;
    const [x, y] = [across(longitude), down(latitude)];
    const isFree = shown.every((other) => Math.abs(other.y - y) > nameSize * 3 || Math.abs(other.x - x) > 130);
    if (isFree && x < mapWidth - 90 && y > nameSize && y < down(south) - 2 * nameSize) shown.push({ name, x, y });
  }
  return shown.map(
    ({ name, x, y }) =>
      html`<circle class="city" cx="${x}" cy="${y}" r="1.5"/><text class="city" x="${x + 4}" y="${y + 4}">${name}</text>`,
  );
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
