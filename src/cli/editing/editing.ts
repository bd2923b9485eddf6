/** Edits of inputs that exist: what a row or the options change, as the state that the input then has. */

import { hash } from "node:crypto";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { InputError } from "../../core/errors.js";
import type { Concept, Input, Json } from "../../core/input/input.js";
import type { ReadContext, Source, SourceItem } from "../../core/plugin/source.js";
import { isObject, ownValue } from "../../core/util/json/json-values.js";

/** How rows change inputs. */
export type EditAction = "merge" | "overwrite" | "remove";

/** The fields that a row can change. */
export type Changes = Pick<Input, "concepts" | "metadata" | "geo" | "datasets">;

/** Returns an input with the changes of a row. */
export function edited(input: Input, changes: Changes, action: EditAction): Input {
  const { concepts, metadata, geo, datasets } = changes;
  if (action === "overwrite") {
    return { ...input, concepts: named(concepts, input), metadata, geo, datasets: joined(input, datasets) };
  }
  if (action === "remove") {
    const names = new Set(concepts.map(({ id }) => id));
    return {
      ...input,
      concepts: input.concepts.filter(({ id }) => !names.has(id)),
      metadata: without(input.metadata, metadata),
      geo: geo ? undefined : input.geo,
      datasets: input.datasets.filter((dataset) => !datasets.includes(dataset)),
    };
  }
  return {
    ...input,
    concepts: withConcepts(input.concepts, concepts),
    metadata: merged(input.metadata, metadata),
    geo: geo ?? input.geo,
    datasets: joined(input, datasets),
  };
}

/** Returns concepts with further ones; a concept that exists gets the new value and keeps its name. */
export function withConcepts(before: readonly Concept[], added: readonly Concept[]): Concept[] {
  const byId = new Map(before.map((concept) => [concept.id, concept]));
  for (const { id, name, value = 1 } of added) {
    const known = byId.get(id)?.name;
    byId.set(id, { id, value, ...((name ?? known) === undefined ? {} : { name: name ?? known }) });
  }
  return [...byId.values()];
}

/** Gives concepts the names that the input has for them; each id occurs once. */
export function named(concepts: readonly Concept[], input: Input): Concept[] {
  const ids = new Set(concepts.map(({ id }) => id));
  return withConcepts(input.concepts, concepts).filter(({ id }) => ids.has(id));
}

function joined(input: Input, datasets: readonly string[]): string[] {
  return [...new Set([...input.datasets, ...datasets])];
}

type Entries = { readonly [key: string]: Json };

/** Merges metadata: objects are merged at any depth, other values are replaced. */
export function merged(before: Entries, changes: Entries): Entries {
  const result = { ...before };
  for (const [key, value] of Object.entries(changes)) {
    const own = ownValue(before as { [key: string]: Json }, key);
    set(result, key, isObject(own) && isObject(value) ? (merged(own, value) as Json) : value);
  }
  return result;
}

/** Deletes the keys that `names` has, at any depth. */
function without(before: Entries, names: Entries): Entries {
  const result: { [key: string]: Json } = {};
  for (const [key, value] of Object.entries(before)) {
    const name = ownValue(names as { [key: string]: Json }, key);
    if (name === undefined) set(result, key, value);
    else if (isObject(name) && isObject(value) && Object.keys(name).length > 0)
      set(result, key, without(value, name) as Json);
  }
  return result;
}

/** Sets a key that may be called `__proto__`. */
function set(object: object, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
}

/**
 * Makes a source of inputs to edit: inputs that do not exist fail, after the items of `failed`. The journal key of an input contains the edit, so that another
 * edit of the same input does not count as done.
 */
export function editSource(
  source: Source,
  editOf: (id: string) => unknown,
  failed: readonly SourceItem[] = [],
): Source {
  return {
    name: source.name,
    shard: source.shard,
    async *read(context: ReadContext) {
      if (failed.length > 0) yield failed;
      for await (const step of source.read(context)) {
        yield ([step].flat() as SourceItem[]).map((item) => withEdit(item, editOf));
      }
    },
  };
}

function withEdit(item: SourceItem, editOf: (id: string) => unknown): SourceItem {
  if ("skipped" in item && item.skipped === missingReason) {
    return { origin: item.origin, error: new InputError(String(statusCodes.INPUT_DOES_NOT_EXIST), missingReason) };
  }
  if (!("input" in item) || item.key === undefined) return item;
  const digest = hash("sha256", JSON.stringify(editOf(String(item.input.id))) ?? "", "base64url");
  return { ...item, key: `${item.key}\n${digest}` };
}

/** The reason with which a listing skips an id that does not exist. */
const missingReason = "no input has this id";
