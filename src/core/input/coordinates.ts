/** Places: checks of longitude and latitude. */

import { InputError } from "../errors.js";
import type { GeoPoint } from "./input.js";

/**
 * A place on earth, longitude first. Says so when the two look swapped.
 *
 * @throws {InputError} ERR_GEO
 */
export function placeFrom(longitude: number, latitude: number, where = ""): GeoPoint {
  const prefix = where === "" ? "" : `${where}: `;
  if (!Number.isFinite(longitude) || !Number.isFinite(latitude)) {
    throw new InputError("ERR_GEO", `${prefix}longitude ${longitude}, latitude ${latitude} are not two numbers`);
  }
  if (Math.abs(latitude) > 90 && Math.abs(latitude) <= 180 && Math.abs(longitude) <= 90) {
    throw new InputError(
      "ERR_GEO",
      `${prefix}latitude ${latitude} is beyond 90; longitude comes first, are they swapped?`,
    );
  }
  if (Math.abs(longitude) > 180 || Math.abs(latitude) > 90) {
    throw new InputError("ERR_GEO", `${prefix}longitude ${longitude}, latitude ${latitude} is no place on earth`);
  }
  return { longitude, latitude };
}
