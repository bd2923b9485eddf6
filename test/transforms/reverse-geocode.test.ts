import { describe, expect, it, vi } from "vitest";
import { type InputDraft, OptionsError, type ReverseGeocodeOptions, reverseGeocode } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { beforeAndAfter, one, through } from "../helpers/transforms.js";

const at = (longitude: number, latitude: number, more: Partial<InputDraft> = {}): InputDraft => ({
  text: "x",
  geo: { longitude, latitude },
  ...more,
});
const placeAt = async (longitude: number, latitude: number, options: ReverseGeocodeOptions = {}) =>
  (await one(reverseGeocode(options), at(longitude, latitude))).metadata;

// Loads the data once, so that no time limit of the suite includes it.
await one(reverseGeocode(), at(4.4777, 51.9244));

testTransform("reverseGeocode", async () => ({
  transform: reverseGeocode(),
  inputs: [
    { id: "a", ...at(4.4777, 51.9244) },
    { id: "b", ...at(-30, 30) },
    { id: "c", text: "calm sea" },
  ],
}));

describe("reverseGeocode", () => {
  it.each<[string, number, number, object]>([
    [
      "a city",
      4.4777,
      51.9244,
      { country: "Netherlands", countryCode: "NL", city: "Rotterdam", timeZone: "Europe/Amsterdam" },
    ],
    [
      "the southern and western half",
      -43.2,
      -22.9,
      { country: "Brazil", countryCode: "BR", city: "Rio de Janeiro", timeZone: "America/Sao_Paulo" },
    ],
    [
      "a city at a border",
      9.17,
      47.66,
      { country: "Germany", countryCode: "DE", city: "Konstanz", timeZone: "Europe/Berlin" },
    ],
    [
      "its neighbour across the border",
      9.178,
      47.645,
      { country: "Switzerland", countryCode: "CH", city: "Kreuzlingen", timeZone: "Europe/Zurich" },
    ],
    ["an enclave", 12.4534, 41.9029, { country: "Vatican City", countryCode: "VA", timeZone: "Europe/Rome" }],
    [
      "a territory",
      -66.1,
      18.46,
      { country: "Puerto Rico", countryCode: "PR", city: "San Juan", timeZone: "America/Puerto_Rico" },
    ],
    ["the open sea", -30, 30, { timeZone: "Etc/GMT+2" }],
    ["the north pole", 0, 90, { timeZone: "Etc/GMT" }],
    ["the south pole", 0, -90, { country: "Antarctica", countryCode: "AQ", timeZone: "Antarctica/McMurdo" }],
    ["the antimeridian", 180, -16.8, { country: "Fiji", countryCode: "FJ", timeZone: "Pacific/Fiji" }],
    ["its other side", -180, -16.8, { country: "Fiji", countryCode: "FJ", timeZone: "Pacific/Fiji" }],
  ])("names %s", async (_, longitude, latitude, expected) => {
    expect(await placeAt(longitude, latitude)).toMatchObject(expected);
  });

  it("says in the report what has no country and no city", async () => {
    const { report } = await through(reverseGeocode(), [
      { id: "sea", ...at(-30, 30) },
      { id: "desert", ...at(0, 24) },
      { id: "town", ...at(4.4777, 51.9244) },
    ]);
    expect(report.notes).toEqual({
      "reverseGeocode: no country at the location (the open sea, for example)": 1,
      "reverseGeocode: no city near the location": 1,
    });
  });

  it("writes only some fields, with a prefix, and names countries in another language", async () => {
    const options: ReverseGeocodeOptions = { fields: ["country", "countryCode"], prefix: "place_", language: "de" };
    expect(await placeAt(4.4777, 51.9244, options)).toEqual({ place_country: "Niederlande", place_countryCode: "NL" });
  });

  it("takes larger and farther cities", async () => {
    const options: ReverseGeocodeOptions = { fields: ["city"], maxCityKm: 100, minPopulation: 700_000 };
    expect(await placeAt(4.4777, 51.9244, options)).toEqual({ city: "Amsterdam" });
    expect(await placeAt(4.4777, 51.9244, { fields: ["city"], minPopulation: 700_000, maxCityKm: 20 })).toEqual({});
  });

  it("keeps existing values unless it overwrites, and inputs without a location", async () => {
    const input = at(4.4777, 51.9244, {
      metadata: { country: "mine", countryCode: "XX", city: "mine", timeZone: "mine" },
    });
    const [before, after] = await beforeAndAfter(reverseGeocode(), input);
    expect(after).toBe(before);
    expect((await one(reverseGeocode({ overwrite: true }), input)).metadata.city).toBe("Rotterdam");
    const [bare, passed] = await beforeAndAfter(reverseGeocode(), { text: "x" });
    expect(passed).toBe(bare);
  });

  it("refuses a language that does not exist", () => {
    expect(() => reverseGeocode({ language: "no language" })).toThrow(OptionsError);
  });

  it("fails with the command that installs a missing package", async () => {
    vi.resetModules();
    vi.doMock("@rapideditor/country-coder", () => {
      throw new Error("Cannot find package");
    });
    const fresh = await import("../../src/index.js");
    const run = fresh
      .flow(fresh.fromIterable([at(1, 2)]))
      .pipe(fresh.reverseGeocode())
      .run();
    const [failure] = (await run).failures;
    expect(failure?.code).toBe("ERR_PACKAGE_MISSING");
    expect(failure?.reason).toContain("npm install @rapideditor/country-coder@5");
    const zoneOnly = fresh
      .flow(fresh.fromIterable([at(4.4777, 51.9244)]))
      .pipe(fresh.reverseGeocode({ fields: ["timeZone"] }));
    expect((await zoneOnly.toArray())[0]?.metadata).toEqual({ timeZone: "Europe/Amsterdam" });
    vi.doUnmock("@rapideditor/country-coder");
  });
});
