/** Which paths the globs of `include` and `exclude` match: as in gitignore and rclone. */

import { describe, expect, it } from "vitest";
import { filterOf, type Globs } from "../../src/formats/files/filter.js";

const paths = ["a.txt", "b.jpg", "raw/a.txt", "raw/x/a.txt", "photos/raw/c.jpg", "photos/.hidden.txt"];

function included(include: Globs): string[] {
  const filter = filterOf({ include });
  return paths.filter((path) => filter(path, false) === undefined);
}

/** Returns the paths that are left, as a walk finds them: nothing in an excluded folder. */
function left(exclude: Globs): string[] {
  const filter = filterOf({ exclude });
  return paths.filter((path) => {
    const parts = path.split("/");
    return parts.every((_, at) => filter(parts.slice(0, at + 1).join("/"), at < parts.length - 1) === undefined);
  });
}

describe("a glob", () => {
  it("without a slash matches names at any depth", () => {
    expect(included("*.txt")).toEqual(["a.txt", "raw/a.txt", "raw/x/a.txt", "photos/.hidden.txt"]);
    expect(included(["a.txt", "c.jpg"])).toEqual(["a.txt", "raw/a.txt", "raw/x/a.txt", "photos/raw/c.jpg"]);
    expect(included("*.{jpg,png}")).toEqual(["b.jpg", "photos/raw/c.jpg"]);
    expect(left("raw")).toEqual(["a.txt", "b.jpg", "photos/.hidden.txt"]);
    expect(left("*.txt")).toEqual(["b.jpg", "photos/raw/c.jpg"]);
  });

  it("with a slash matches the path from the top", () => {
    expect(included("/*.txt")).toEqual(["a.txt"]);
    expect(included("raw/*.txt")).toEqual(["raw/a.txt"]);
    expect(included("raw/**")).toEqual(["raw/a.txt", "raw/x/a.txt"]);
    expect(included("**/raw/*.jpg")).toEqual(["photos/raw/c.jpg"]);
    expect(left("/raw")).toEqual(["a.txt", "b.jpg", "photos/raw/c.jpg", "photos/.hidden.txt"]);
    expect(left("photos/raw")).toEqual(["a.txt", "b.jpg", "raw/a.txt", "raw/x/a.txt", "photos/.hidden.txt"]);
  });

  it("with a slash at its end matches folders, and an included folder with everything in it", () => {
    expect(included("raw/")).toEqual(["raw/a.txt", "raw/x/a.txt", "photos/raw/c.jpg"]);
    expect(included("/raw/")).toEqual(["raw/a.txt", "raw/x/a.txt"]);
    expect(included("a.txt/")).toEqual([]);
    expect(left("raw/")).toEqual(["a.txt", "b.jpg", "photos/.hidden.txt"]);
    expect(left("a.txt/")).toEqual(paths);
  });

  it("does not match a file because its folder has a matching name", () => {
    expect(filterOf({ include: "*.txt" })("notes.txt/b.jpg", false)).toBe("not included");
  });
});
