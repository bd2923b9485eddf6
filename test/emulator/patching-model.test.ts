/** Patch semantics against an independent model of the documented rules, written as a table. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../../src/core/util/json/json-values.js";
import { patchFields } from "../../src/emulator/routes/patching.js";
import type { Fields } from "../../src/emulator/store/model.js";

type Rule = [merge: Json | undefined, remove: Json | undefined];

const isList = Array.isArray;
const isMap = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !isList(value);
const isIdList = (value: unknown): value is JsonObject[] =>
  isList(value) && value.every((item) => isMap(item) && "id" in item);
const leaves = (value: Json): Json[] =>
  isList(value) ? value.flatMap(leaves) : isMap(value) ? Object.values(value).flatMap(leaves) : [value];
const onlyTrue = (value: Json) => leaves(value).every((leaf) => leaf === true);

/** Patches a value by the rows of the documentation. `old` is undefined if the key does not exist. */
function ruleFor(old: Json | undefined, value: Json): Rule {
  const row = (merge: Json | undefined, remove: Json | undefined): Rule => [merge, remove];
  const both = (pick: 0 | 1): JsonObject => {
    const result = { ...(isMap(old) ? old : {}) };
    for (const key of Object.keys(value as JsonObject)) {
      const next = ruleFor(result[key], (value as JsonObject)[key] as Json)[pick];
      if (next === undefined) delete result[key];
      else result[key] = next;
    }
    return result;
  };
  if (value === null) return row(old, old);
  if (value === true) return row(true, undefined);
  if (!isList(value) && !isMap(value)) return row(value, value);
  if (isMap(value) && Object.keys(value).length === 0) return row({}, old);
  if (isList(value) && value.length === 0) return row([], old);
  if (isMap(value)) {
    if (old === undefined) return row(value, onlyTrue(value) ? undefined : both(1));
    return isMap(old) ? row(both(0), both(1)) : row(value, value);
  }
  const vanishes = onlyTrue(value);
  if (old === undefined) return row(value, vanishes ? undefined : old);
  if (!isList(old)) return row(value, vanishes ? undefined : value);
  if (!isIdList(old) || !isIdList(value)) return row([...old, ...value], vanishes ? undefined : [...old, ...value]);
  const ids = value.map(({ id }) => id);
  const merged = old.map((item) => {
    const patch = value.find(({ id }) => id === item.id);
    return patch ? (ruleFor(item, patch)[0] as Json) : item;
  });
  const added = value.filter(
    (item, at) => !old.some(({ id }) => id === item.id) && ids.indexOf(item.id as Json) === at,
  );
  return row([...merged, ...added], vanishes ? undefined : old.filter(({ id }) => !ids.includes(id as Json)));
}

const key = fc.constantFrom("a", "b", "c");
const scalar = fc.constantFrom<Json>(true, false, null, 0, 1, "text");
const { value: json } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.dictionary(key, tie("value"), { maxKeys: 3 }),
    fc.array(scalar, { maxLength: 3 }),
    fc.uniqueArray(fc.record({ id: fc.integer({ min: 1, max: 4 }), x: scalar }), {
      selector: ({ id }) => id,
      maxLength: 3,
    }),
  ),
}));
const metadata = fc.dictionary(key, json, { maxKeys: 3 }) as fc.Arbitrary<JsonObject>;
const concepts = fc.uniqueArray(fc.record({ id: fc.constantFrom("k", "l", "m"), value: fc.constantFrom(0, 1) }), {
  selector: ({ id }) => id,
});
const geo = fc.record({ geo_point: fc.record({ longitude: fc.integer(), latitude: fc.integer() }) });
const fields = fc.record({ metadata, concepts, geo }, { requiredKeys: [] }) as fc.Arbitrary<Fields>;
const action = fc.constantFrom("merge", "overwrite", "remove");

/** Removes empty values, which no answer contains. */
function withoutEmpty({ metadata: data, concepts: list, geo: point }: Fields): Fields {
  return {
    ...(data && Object.keys(data).length > 0 ? { metadata: data } : {}),
    ...(list && list.length > 0 ? { concepts: list } : {}),
    ...(point ? { geo: point } : {}),
  };
}

function model(old: Fields, patch: Fields, how: "merge" | "overwrite" | "remove"): Fields {
  if (how === "overwrite") return patch;
  const pick = how === "merge" ? 0 : 1;
  const data: JsonObject = { ...old.metadata };
  for (const [name, value] of Object.entries(patch.metadata ?? {})) {
    const next = ruleFor(data[name], value)[pick];
    if (next === undefined) delete data[name];
    else data[name] = next;
  }
  const patchConcepts = patch.concepts ?? [];
  const remaining = (old.concepts ?? []).flatMap((concept) => {
    const found = patchConcepts.find(({ id }) => id === concept.id);
    return how === "remove" ? (found ? [] : [concept]) : [found ?? concept];
  });
  const added =
    how === "merge" ? patchConcepts.filter(({ id }) => !remaining.some((concept) => concept.id === id)) : [];
  const point = patch.geo === undefined ? old.geo : how === "merge" ? patch.geo : undefined;
  return { metadata: data, concepts: [...remaining, ...added], ...(point ? { geo: point } : {}) };
}

describe("patches of an input's fields", () => {
  it("give the documented results, one after another", () => {
    fc.assert(
      fc.property(fields, fc.array(fc.tuple(action, fields), { maxLength: 6 }), (before, patches) => {
        let [store, plain] = [before, before];
        for (const [how, patch] of patches) {
          store = patchFields(store, patch, how);
          plain = model(plain, patch, how);
          expect(withoutEmpty(store)).toEqual(withoutEmpty(plain));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("change only the fields that they name, and not their arguments", () => {
    fc.assert(
      fc.property(fields, fields, fc.constantFrom("merge", "remove"), (before, patch, how) => {
        const [oldFields, oldPatch] = [structuredClone(before), structuredClone(patch)];
        const after = patchFields(before, patch, how);
        expect([before, patch]).toEqual([oldFields, oldPatch]);
        for (const [name, value] of Object.entries(oldFields.metadata ?? {})) {
          if (!(name in (patch.metadata ?? {}))) expect(after.metadata?.[name]).toEqual(value);
        }
      }),
      { numRuns: 500 },
    );
  });
});
