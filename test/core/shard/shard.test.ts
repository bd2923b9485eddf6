import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lastPartOf, parseShard, Shard } from "../../../src/core/shard/shard.js";

const parse = (text: unknown, env: NodeJS.ProcessEnv = {}) => parseShard("folder", text, env).text;
const kubernetes = (index: string) => ({ JOB_COMPLETION_INDEX: index });
const slurm = (id: number, first: number, last: number, step = 1, count = Math.floor((last - first) / step) + 1) => ({
  SLURM_ARRAY_TASK_ID: String(id),
  SLURM_ARRAY_TASK_MIN: String(first),
  SLURM_ARRAY_TASK_MAX: String(last),
  SLURM_ARRAY_TASK_STEP: String(step),
  SLURM_ARRAY_TASK_COUNT: String(count),
});

describe("a shard", () => {
  it("has the same keys on every machine and in every release", () => {
    const keys = ["a", "photos-beach-1-jpg-0a1b2c3d4e5f", "Ångström.jpg", "A\u030angstro\u0308m.jpg", ""];
    const owners = keys.map((key) => [1, 2, 3, 4, 5, 6, 7, 8].filter((index) => new Shard(index, 8).has(key)));
    expect(owners).toEqual([[4], [3], [3], [3], [5]]);
  });

  it("shares every key with no other shard, for 1 to 16 shards", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), fc.string(), (count, key) => {
        const shards = Array.from({ length: count }, (_, n) => new Shard(n + 1, count));
        expect(shards.filter((shard) => shard.has(key))).toHaveLength(1);
      }),
    );
  });

  it("has about as many keys as the others", () => {
    const counts = new Array<number>(8).fill(0);
    const shards = counts.map((_, n) => new Shard(n + 1, 8));
    for (let key = 0; key < 8000; key += 1) {
      for (const [n, shard] of shards.entries()) if (shard.has(`photo-${key}`)) counts[n] = (counts[n] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(900);
    expect(Math.max(...counts)).toBeLessThan(1100);
  });
});

describe("the text of a shard", () => {
  it("names the shard from 1, whatever the environment says", () => {
    expect(parse("3/8", { ...kubernetes("7"), ...slurm(1, 1, 4) })).toBe("3/8");
    expect(parse("1/1")).toBe("1/1");
  });

  it.each(["0/8", "9/8", "1/0", "3", "8", "a/8", "-1/8", "1.5/8", " 3/8", "3/8/2", "3/", "/8", "", "auto/0", 3, null])(
    "is refused: %j",
    (text) => {
      expect(() => parse(text, kubernetes("0"))).toThrow(/^folder: shard/);
    },
  );

  it("takes its index from an indexed Job of Kubernetes, which counts from 0", () => {
    expect(parse("auto/8", kubernetes("0"))).toBe("1/8");
    expect(parse("auto/8", kubernetes("7"))).toBe("8/8");
    expect(parse("auto/8", { ...kubernetes("2"), SLURM_ARRAY_TASK_ID: "" })).toBe("3/8");
  });

  it("takes its numbers from a Slurm job array with any first task and step", () => {
    expect(parse("auto/8", slurm(1, 1, 8))).toBe("1/8");
    expect(parse("auto", slurm(8, 1, 8))).toBe("8/8");
    expect(parse("auto", slurm(0, 0, 7))).toBe("1/8");
    expect(parse("auto", slurm(20, 10, 30, 10))).toBe("2/3");
  });

  it.each([
    ["auto/8", {}, "neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set"],
    ["auto", kubernetes("3"), "Kubernetes does not name the number of shards"],
    ["auto/8", kubernetes("8"), "JOB_COMPLETION_INDEX is 8, and Kubernetes counts from 0, so of 8 shards"],
    ["auto/8", kubernetes("x"), 'JOB_COMPLETION_INDEX must be a whole number, got "x"'],
    ["auto/8", { ...kubernetes("1"), ...slurm(2, 1, 8) }, "JOB_COMPLETION_INDEX is 1 and SLURM_ARRAY_TASK_ID is 2"],
    ["auto/8", { SLURM_ARRAY_TASK_ID: "3" }, "SLURM_ARRAY_TASK_ID is 3, but SLURM_ARRAY_TASK_MIN is not set"],
    ["auto/8", slurm(5, 5, 5), "SLURM_ARRAY_TASK_COUNT is 1, and the number of shards is 8"],
    ["auto", slurm(3, 1, 7, 1, 3), "the array of 3 tasks from 1 to SLURM_ARRAY_TASK_MAX 7 has gaps"],
    ["auto", slurm(9, 1, 8), "SLURM_ARRAY_TASK_ID is 9, and the array has the tasks 1 to 8"],
  ])("refuses a contradiction of %s: %j", (text, env, reason) => {
    expect(() => parse(text, env)).toThrow(reason);
  });
});

it("finds the last part of an origin, which does not depend on how its path was typed", () => {
  const origins = ["./photos/a.jpg", "/mnt/photos/a.jpg", "C:\\photos\\a.jpg", "a.jpg"];
  expect(origins.map(lastPartOf)).toEqual(["a.jpg", "a.jpg", "a.jpg", "a.jpg"]);
  expect([lastPartOf("/mnt/rows.csv:17"), lastPartOf("photos/"), lastPartOf("///"), lastPartOf("")]).toEqual([
    "rows.csv:17",
    "photos/",
    "///",
    "",
  ]);
});
