/** Transform: gives inputs a place. */

import type { OperatorFunction } from "rxjs";
import type { Message } from "../core/accounting/message.js";
import { InputError } from "../core/errors.js";
import { geoPointFrom } from "../core/input/coordinates.js";
import type { GeoPoint, Input } from "../core/input/input.js";
import { transformOperator } from "../core/plugin/transform-operator.js";
import { formatValue } from "../core/util/format-value.js";
import { whenThere } from "../core/util/thenable.js";

type Place = GeoPoint | undefined;

/**
 * Gives each input one place, longitude first as in the API: a fixed one, or what a function makes of the input; `undefined` leaves it as it is.
 *
 * Keeps order. A place that is not on earth settles the input as failed (ERR_GEO) and is named; where the two numbers look swapped, that is said.
 *
 * @throws {InputError} ERR_GEO, at once, for a fixed place
 * @example flow(folder("./harbour")).pipe(geo({ longitude: 4.48, latitude: 51.92 }));
 */
export function geo(place: GeoPoint | ((input: Input) => Place | Promise<Place>)): OperatorFunction<Message, Message> {
  const fixed = typeof place === "function" ? undefined : geoPointFrom(place.longitude, place.latitude, "geo");
  const add = (input: Input, found: Place | null): Input => {
    if (found === undefined || found === null) return input;
    if (typeof found === "object") return { ...input, geo: geoPointFrom(found.longitude, found.latitude) };
    throw new InputError(
      "ERR_GEO",
      `the function must return { longitude, latitude } or undefined, got ${formatValue(found)}`,
    );
  };
  return transformOperator({
    name: "geo",
    apply(input) {
      if (typeof place !== "function") return { ...input, geo: fixed };
      return whenThere(place(input), (found) => add(input, found));
    },
  });
}
