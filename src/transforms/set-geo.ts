/** Transform: sets the location of inputs. */

import { InputError } from "../core/errors.js";
import { geoPointFrom } from "../core/input/coordinates.js";
import type { GeoPoint, Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { formatValue } from "../core/util/format/format-value.js";
import { whenThere } from "../core/util/thenable.js";

type Location = GeoPoint | undefined;

/**
 * Sets the location of each input, in degrees: fixed coordinates, or the result of a function of the input, which may be async. If the function returns
 * `undefined`, the input passes unchanged.
 *
 * Keeps order. An input settles as failed (ERR_GEO) if a coordinate is out of range; the error names the values, and says if they look swapped.
 *
 * @throws {InputError} ERR_GEO, at once, for fixed coordinates
 * @example flow(folder("./harbour")).pipe(setGeo({ longitude: 4.48, latitude: 51.92 }));
 */
export const setGeo = defineTransform({
  name: "setGeo",
  parse(location: GeoPoint | ((input: Input) => Location | Promise<Location>)) {
    if (typeof location === "function") return location;
    return geoPointFrom(location.longitude, location.latitude, "setGeo");
  },
  apply(input, location) {
    if (typeof location !== "function") return { ...input, geo: location };
    return whenThere(location(input), (result) => withLocation(input, result));
  },
});

function withLocation(input: Input, location: Location | null): Input {
  if (location === undefined || location === null) return input;
  if (typeof location === "object") return { ...input, geo: geoPointFrom(location.longitude, location.latitude) };
  const text = `the function must return { longitude, latitude } or undefined, got ${formatValue(location)}`;
  throw new InputError("ERR_GEO", text);
}
