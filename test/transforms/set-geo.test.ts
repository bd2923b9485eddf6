import { describe, expect, it } from "vitest";
import { type GeoPoint, InputError, setGeo } from "../../src/index.js";
import { testTransform } from "../../src/testing/index.js";
import { turns } from "../helpers/flows.js";
import { beforeAndAfter, through } from "../helpers/transforms.js";

const inputs = ["a", "b", "c"].map((id) => ({ id, text: id }));
const rotterdam = { longitude: 4.48, latitude: 51.92 };
const impossible: [number, number, string][] = [
  [181, 0, "181"],
  [-180.1, 0, "-180.1"],
  [0, -91, "-91"],
  [0, 200, "200"],
  [Number.NaN, 0, "NaN"],
  [0, Number.POSITIVE_INFINITY, "Infinity"],
  [51.92, 104.48, "swapped"],
];

testTransform("setGeo", async () => ({ transform: setGeo(rotterdam), inputs }));
testTransform("geo of a function", async () => ({ transform: setGeo(() => turns(1).then(() => rotterdam)), inputs }));

describe("setGeo", () => {
  it("sets fixed coordinates, and replaces existing ones", async () => {
    const { made } = await through(setGeo(rotterdam), [
      { text: "a" },
      { text: "b", geo: { longitude: 0, latitude: 0 } },
    ]);
    expect(made.map((input) => input.geo)).toEqual([rotterdam, rotterdam]);
  });

  it("sets the result of a function, sync or async, and passes other inputs unchanged", async () => {
    for (const wait of [false, true]) {
      const place = (input: { id: string }) => {
        const found = input.id === "b" ? undefined : { longitude: input.id.charCodeAt(0), latitude: -1 };
        return wait ? turns(1).then(() => found) : found;
      };
      const { made } = await through(setGeo(place), inputs);
      expect(made.map((input) => input.geo?.longitude)).toEqual([97, undefined, 99]);
    }
    const [before, after] = await beforeAndAfter(
      setGeo(() => undefined),
      { text: "a", geo: rotterdam },
    );
    expect(after).toBe(before);
  });

  it.each(impossible)("fails only the input for %d, %d, and names the value", async (longitude, latitude, named) => {
    for (const wait of [false, true]) {
      const place = (input: { id: string }) => {
        const found = input.id === "b" ? { longitude, latitude } : rotterdam;
        return wait ? Promise.resolve(found) : found;
      };
      const { made, report } = await through(setGeo(place), inputs);
      expect(made.map((input) => input.id)).toEqual(["a", "c"]);
      expect(report.failures).toMatchObject([{ id: "b", code: "ERR_GEO", stage: "setGeo" }]);
      expect(report.failures[0]?.reason).toContain(named);
    }
  });

  it.each(impossible)("refuses the fixed coordinates %d, %d at once", (longitude, latitude, named) => {
    const make = () => setGeo({ longitude, latitude });
    expect(make).toThrow(InputError);
    expect(make).toThrow(named);
  });

  it("accepts the limits of longitude and latitude", async () => {
    const edges: GeoPoint[] = [
      { longitude: 180, latitude: 90 },
      { longitude: -180, latitude: -90 },
      { longitude: 0, latitude: 0 },
    ];
    const { made } = await through(
      setGeo((input) => edges[inputs.findIndex(({ id }) => id === input.id)]),
      inputs,
    );
    expect(made.map((input) => input.geo)).toEqual(edges);
  });
});
