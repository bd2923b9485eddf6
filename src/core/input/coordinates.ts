/** Coordinates: the limits of longitude and latitude, and their check. */

import { InputError } from "../errors.js";

/** Maximum number of degrees east or west. */
export const longitudeLimit = 180;
/** Maximum number of degrees north or south. */
export const latitudeLimit = 90;

/** Whether degrees lie within the limits. */
export function areOnEarth(longitude: number, latitude: number): boolean {
  return Math.abs(longitude) <= longitudeLimit && Math.abs(latitude) <= latitudeLimit;
}

/**
 * Makes a location of a longitude and a latitude. If only their swapped values are valid, the error says so.
 *
 * @param where what the error text begins with, such as a column or a row.
 * @param code code of the error.
 * @throws {InputError} ERR_GEO, or `code`
 */
export function geoPointFrom(
  longitude: number,
  latitude: number,
  where = "",
  code = "ERR_GEO",
): { longitude: number; latitude: number } {
  if (areOnEarth(longitude, latitude)) return { longitude, latitude };
  const prefix = where === "" ? "" : `${where}: `;
  throw new InputError(code, `${prefix}${problemOf(longitude, latitude)}`);
}

function problemOf(longitude: number, latitude: number): string {
  if (!Number.isFinite(longitude) || !Number.isFinite(latitude)) {
    return `longitude ${longitude}, latitude ${latitude} are not two numbers`;
  }
  if (!areOnEarth(longitude, latitude) && areOnEarth(latitude, longitude)) {
    return `latitude ${latitude} is beyond ${latitudeLimit}; longitude comes first, are they swapped?`;
  }
  return `longitude ${longitude}, latitude ${latitude} is not a location on earth`;
}
