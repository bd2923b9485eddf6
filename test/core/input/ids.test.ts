import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkId } from "../../../src/core/input/ids.js";
import { idFromPath } from "../../../src/index.js";

describe("idFromPath", () => {
  it("makes an id that the platform accepts, for any path", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 300 }), (path) => {
        expect(() => checkId(idFromPath(path))).not.toThrow();
      }),
    );
  });

  it("makes different ids of different paths with the same slug", () => {
    const paths = [
      "a.1.jpg",
      "a.2.jpg",
      "a-1-jpg",
      "a_1.jpg",
      "A.1.jpg",
      "图.jpg",
      "書.jpg",
      "Ünïcode.jpg",
      "IMG_1",
      "img_1",
    ];
    expect(new Set(paths.map(idFromPath)).size).toBe(paths.length);
  });

  it("makes the same id of both Unicode forms of an accent, and of both slashes", () => {
    expect(idFromPath("caf\u00e9.jpg")).toBe(idFromPath("cafe\u0301.jpg"));
    expect(idFromPath("a\\b.jpg")).toBe(idFromPath("a/b.jpg"));
  });

  it("has no collisions among 200,000 names", () => {
    const ids = new Set<string>();
    for (let n = 0; n < 200_000; n += 1)
      ids.add(idFromPath(`holiday/2024/with a rather long folder name here/IMG_${n}.jpg`));
    expect(ids.size).toBe(200_000);
  });
});
