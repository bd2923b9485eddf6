/** Location filters: whether a location lies within a distance of a point, or in a box. */

import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import type { GeoRecord } from "../store/model.js";
import { objectIn } from "../wire/lenient-json.js";
import { invalidRequest } from "../wire/refusals.js";

type Location = GeoRecord["geo_point"];

/** Radius of the earth by the unit of a filter. */
const earthRadius: Record<string, number> = {
  withinMiles: 3958.8,
  withinKilometers: 6371,
  withinDegrees: 180 / Math.PI,
  withinRadians: 1,
};

/** Whether a location matches the location filter of a request. @throws {Refusal} 11102 */
export function matchesLocation(location: Location, geo: JsonObject): boolean {
  const corners = Array.isArray(geo.geo_box) ? geo.geo_box.filter(isObject).map(pointOf) : [];
  if (corners.length === 2) {
    const [first, second] = corners as [Location, Location];
    const between = (value: number, one: number, other: number) =>
      value >= Math.min(one, other) && value <= Math.max(one, other);
    return (
      between(location.longitude, first.longitude, second.longitude) &&
      between(location.latitude, first.latitude, second.latitude)
    );
  }
  if (corners.length > 0) throw invalidRequest(`geo_box has ${corners.length} corners; it needs two`);
  if (!isObject(geo.geo_limit)) throw invalidRequest("a location in a filter needs geo_limit or geo_box");
  const { type = "", value } = geo.geo_limit;
  const radius = Object.hasOwn(earthRadius, String(type)) ? earthRadius[String(type)] : undefined;
  if (radius === undefined) throw invalidRequest(`geo_limit.type "${type}" is not known`);
  return radius * angleBetween(location, pointOf(geo)) <= Number(value);
}

function pointOf(geo: JsonObject): Location {
  const point = objectIn(geo.geo_point);
  return { longitude: Number(point.longitude ?? 0), latitude: Number(point.latitude ?? 0) };
}

/** Returns the angle between two locations as seen from the centre of the earth, in radians. */
function angleBetween(one: Location, other: Location): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const latitudes = radians(other.latitude - one.latitude) / 2;
  const longitudes = radians(other.longitude - one.longitude) / 2;
  const half =
    Math.sin(latitudes) ** 2 +
    Math.cos(radians(one.latitude)) * Math.cos(radians(other.latitude)) * Math.sin(longitudes) ** 2;
  return 2 * Math.asin(Math.min(1, Math.sqrt(half)));
}
