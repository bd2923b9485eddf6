/** Transform: gives inputs a place. */

import { InputError } from "../core/errors.js";
import { geoPointFrom } from "../core/input/coordinates.js";
import type { GeoPoint, Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { formatValue } from "../core/util/format-value.js";
import { whenThere } from "../core/util/thenable.js";

type Place = GeoPoint | undefined;

/**
 * Gives each input one place, longitude first as in the API: a fixed one, or what a function makes of the input; `undefined` leaves it as it is.
 *
 * Keeps order. A place that is not on earth settles the input as failed (ERR_GEO) and is named; where the two numbers look swapped, that is said.
 *
 * @throws {InputError} ERR_GEO, at once, for a fixed place
 * @example flow(folder("./harbour")).pipe(setGeo({ longitude: 4.48, latitude: 51.92 }));
 */
export const setGeo = defineTransform({
  name: "setGeo",
  parse(place: GeoPoint | ((input: Input) => Place | Promise<Place>)) {
    if (typeof place === "function") return place;
    return geoPointFrom(place.longitude, place.latitude, "setGeo");
  },
  apply(input, place) {
    if (typeof place !== "function") return { ...input, geo: place };
    return whenThere(place(input), (found) => withGeo(input, found));
  },
});

function withGeo(input: Input, place: Place | null): Input {
  if (place === undefined || place === null) return input;
  if (typeof place === "object") return { ...input, geo: geoPointFrom(place.longitude, place.latitude) };
  const text = `the function must return { longitude, latitude } or undefined, got ${formatValue(place)}`;
  throw new InputError("ERR_GEO", text);
}
