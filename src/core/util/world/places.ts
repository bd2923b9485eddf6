/** Names places offline, by the nearest large city. */

import { citiesText } from "./cities.js";

/** A large city. */
export interface City {
  name: string;
  /** Code of its country: `NL`. */
  country: string;
  longitude: number;
  latitude: number;
}

/** The large cities of the world, the largest first. */
export const cities: readonly City[] = citiesText.split(";").map((row) => {
  const [name = "", country = "", longitude, latitude] = row.split("|");
  return { name, country, longitude: Number(longitude) / 10, latitude: Number(latitude) / 10 };
});

/** The coordinates of a city are rounded, so a smaller distance says nothing. */
const nearKm = 40;
const maxKm = 400;
const kmPerDegree = 111.2;
const countryNames = new Intl.DisplayNames("en", { type: "region" });

/** Names a place: `near Rotterdam, Netherlands`, `120 km from Oslo, Norway`; far from any large city, by its coordinates. */
export function placeText(longitude: number, latitude: number): string {
  const { city, km } = nearest(longitude, latitude);
  if (!city || km > maxKm) return coordinatesText(longitude, latitude);
  const name = `${city.name}, ${countryNames.of(city.country) ?? city.country}`;
  return km <= nearKm ? `near ${name}` : `${Math.round(km / 10) * 10} km from ${name}`;
}

/** Formats coordinates: `51.9° N, 4.1° E`. */
export function coordinatesText(longitude: number, latitude: number): string {
  const [north, east] = [latitude < 0 ? "S" : "N", longitude < 0 ? "W" : "E"];
  return `${Math.abs(latitude).toFixed(1)}° ${north}, ${Math.abs(longitude).toFixed(1)}° ${east}`;
}

function nearest(longitude: number, latitude: number): { city?: City; km: number } {
  let found: { city?: City; km: number } = { km: Number.POSITIVE_INFINITY };
  const shrink = Math.cos((latitude * Math.PI) / 180);
  for (const city of cities) {
    const across = Math.abs(city.longitude - longitude);
    const km = kmPerDegree * Math.hypot(Math.min(across, 360 - across) * shrink, city.latitude - latitude);
    if (km < found.km) found = { city, km };
  }
  return found;
}
