/** Places: whether one lies within a distance of another, or in a box. */

import { isObject } from "../server/incoming.js";
import { Refusal } from "../server/status.js";
import type { GeoRecord, JsonObject } from "../store/model.js";

type Place = GeoRecord["geo_point"];

const earthRadius: Record<string, number> = {
  withinMiles: 3958.8,
  withinKilometers: 6371,
  withinDegrees: 180 / Math.PI,
  withinRadians: 1,
};

/** Whether a place is in the box, or as near to the point, as a filter asks. */
export function isNear(here: Place, geo: JsonObject): boolean {
  const corners = Array.isArray(geo.geo_box) ? geo.geo_box.filter(isObject).map(pointOf) : [];
  if (corners.length === 2) {
    const [first, second] = corners as [Place, Place];
    const between = (value: number, one: number, other: number) =>
      value >= Math.min(one, other) && value <= Math.max(one, other);
    return (
      between(here.longitude, first.longitude, second.longitude) &&
      between(here.latitude, first.latitude, second.latitude)
    );
  }
  if (corners.length > 0) throw new Refusal(11102, `geo_box has ${corners.length} corners; it needs two`);
  if (!isObject(geo.geo_limit)) throw new Refusal(11102, "a location in a filter needs geo_limit or geo_box");
  const { type = "", value } = geo.geo_limit;
  const radius = Object.hasOwn(earthRadius, String(type)) ? earthRadius[String(type)] : undefined;
  if (radius === undefined) throw new Refusal(11102, `geo_limit.type "${type}" is not known`);
  return radius * angleBetween(here, pointOf(geo)) <= Number(value);
}

function pointOf(geo: JsonObject): Place {
  const point = isObject(geo.geo_point) ? geo.geo_point : {};
  return { longitude: Number(point.longitude ?? 0), latitude: Number(point.latitude ?? 0) };
}

/** The angle between two places as seen from the centre of the earth, in radians. */
function angleBetween(one: Place, other: Place): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const latitudes = radians(other.latitude - one.latitude) / 2;
  const longitudes = radians(other.longitude - one.longitude) / 2;
  const half =
    Math.sin(latitudes) ** 2 +
    Math.cos(radians(one.latitude)) * Math.cos(radians(other.latitude)) * Math.sin(longitudes) ** 2;
  return 2 * Math.asin(Math.min(1, Math.sqrt(half)));
}
