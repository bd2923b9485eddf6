import { describe, expect, it } from "vitest";
import { note, openHttp } from "../helpers/http.js";

/** Patches the metadata of an input and returns the result. */
async function patched(before: object, action: string, patch: unknown): Promise<unknown> {
  const { add, call } = await openHttp();
  await add(note("a", { metadata: before }));
  const inputs = [{ id: "a", data: { metadata: patch } }];
  expect((await call("PATCH", "/inputs", { action, inputs })).json.status.code).toBe(10000);
  return (await call("GET", "/inputs/a")).json.input.data.metadata;
}

type Rule = [existing: unknown, patch: unknown, merged: unknown, removed: unknown];
const none = Symbol("no such key");

const rules: Rule[] = [
  [none, "new", "new", "new"],
  [none, true, true, none],
  [none, false, false, false],
  ["old", null, "old", "old"],
  [{ a: 1 }, {}, {}, { a: 1 }],
  [["x"], [], [], ["x"]],
  [{ a: 1, b: 2 }, { b: 3 }, { a: 1, b: 3 }, { a: 1, b: 3 }],
  [{ a: { b: 1 } }, { a: { b: true } }, { a: { b: true } }, { a: {} }],
  ["old", true, true, none],
  [{ a: 1 }, true, true, none],
  ["old", "new", "new", "new"],
  ["old", false, false, false],
  [1, { a: 1 }, { a: 1 }, { a: 1 }],
  [{ a: 1 }, "new", "new", "new"],
  ["old", ["new"], ["new"], ["new"]],
  [["x"], { a: 1 }, { a: 1 }, { a: 1 }],
  [[{ id: 1, a: { b: 1 } }], [{ id: 1, a: { c: 2 } }, { id: 2 }], [{ id: 1, a: { b: 1, c: 2 } }, { id: 2 }], []],
  [[{ id: "1" }, { id: "2" }], [{ id: "2" }], [{ id: "1" }, { id: "2" }], [{ id: "1" }]],
  [["x"], ["y"], ["x", "y"], ["x", "y"]],
  [["x"], [true], ["x", true], none],
  [[{ a: 1 }], [{ a: true }], [{ a: 1 }, { a: true }], none],
];

describe("metadata, key by key", () => {
  it.each(rules)(
    "%j patched with %j becomes %j by merge and %j by remove",
    async (existing, patch, merged, removed) => {
      for (const [action, expected] of [
        ["merge", merged],
        ["remove", removed],
      ] as const) {
        const before = { other: 1, ...(existing === none ? {} : { key: existing }) };
        expect(await patched(before, action, { key: patch })).toEqual({
          other: 1,
          ...(expected === none ? {} : { key: expected }),
        });
      }
    },
  );

  it("treats the names of built-in properties as plain keys", async () => {
    const patch = JSON.parse('{"__proto__":{"a":1},"constructor":null,"toString":"text"}') as unknown;
    const metadata = await patched({ other: 1 }, "merge", patch);
    expect(JSON.stringify(metadata)).toBe('{"other":1,"__proto__":{"a":1},"toString":"text"}');
  });
});
