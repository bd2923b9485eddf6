/** Areas on earth: whether a location lies in one. */

import type { GeoPoint } from "../input.js";
import type { Area } from "./filters.js";

/** Radius of the earth as a sphere. */
const earthRadiusKm = 6371;

/** Whether a location lies in an area, the border included. Platforms keep coordinates with 32 bits, so boxes are compared with that precision. */
export function isInArea(location: GeoPoint, area: Area): boolean {
  if ("withinKm" in area) return distanceKm(location, area) <= area.withinKm;
  const [longitude, west, east] = [location.longitude, area.west, area.east].map(Math.fround) as [
    number,
    number,
    number,
  ];
  const [latitude, south, north] = [location.latitude, area.south, area.north].map(Math.fround) as [
    number,
    number,
    number,
  ];
  if (latitude < south || latitude > north) return false;
  return west <= east ? longitude >= west && longitude <= east : longitude >= west || longitude <= east;
}

/** Returns the distance of two locations on the surface of the earth. */
export function distanceKm(one: GeoPoint, other: GeoPoint): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const latitudes = radians(other.latitude - one.latitude) / 2;
  const longitudes = radians(other.longitude - one.longitude) / 2;
  const parallels = Math.cos(radians(one.latitude)) * Math.cos(radians(other.latitude));
  const half = Math.sin(latitudes) ** 2 + parallels * Math.sin(longitudes) ** 2;
  return 2 * earthRadiusKm * Math.asin(Math.min(1, Math.sqrt(half)));
}
