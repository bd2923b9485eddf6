/** Frozen JSON: copies and checks values that users own, and freezes the copies. */

import { formatValue } from "../util/format/format-value.js";
import { isObject, type Json } from "../util/json/json-values.js";

/** Maximum number of levels of lists and objects in one value. The stack has space for about ten times as many. */
const maxDepth = 100;
const tooDeep = `it is nested more than ${maxDepth} levels deep, or contains itself`;
/** Maximum number of values in one value. More do not fit into a request. A few nested lists that repeat each other can have a billion. */
const maxValues = 5_000_000;

/** The value is not allowed in an input. The message begins with the path of the value. */
export class ShapeError extends Error {}

/**
 * Copies a JSON value and freezes the copy. Reuses parts that are the same object as in `known`, which is frozen.
 *
 * A key with the value `undefined` counts as absent, as in `JSON.stringify`. Refuses everything else that JSON would change or drop.
 *
 * @throws {ShapeError} naming the path from `name` on, the value, and what is expected
 */
export function frozenJson(value: unknown, name: string, known?: unknown): Json {
  const copier = new Copier(name);
  return copier.copy(value, known, 0);
}

class Copier {
  readonly #path: PropertyKey[];
  #values = 0;

  constructor(name: string) {
    this.#path = [name];
  }

  copy(value: unknown, known: unknown, depth: number): Json {
    switch (typeof value) {
      case "string":
        if (!value.isWellFormed()) throw this.#error(depth, `${formatValue(value)} has half of a surrogate pair`);
        return value;
      case "boolean":
        return value;
      case "number":
        if (!Number.isFinite(value)) throw this.#error(depth, `expected a JSON value, got ${value}`);
        return value;
      case "object":
        if (value === null || value === known) return value as Json;
        this.#values += 1;
        if (depth > maxDepth) throw this.#error(3, tooDeep);
        if (this.#values > maxValues) throw this.#error(0, `it has more than ${maxValues} values`);
        return Array.isArray(value) ? this.#list(value, known, depth) : this.#object(value, known, depth);
      default:
        throw this.#error(depth, `expected a JSON value, got ${formatValue(value)}`);
    }
  }

  #list(list: readonly unknown[], known: unknown, depth: number): Json {
    const before = Array.isArray(known) ? known : undefined;
    const copy: Json[] = [];
    this.#values += list.length;
    for (let index = 0; index < list.length; index += 1) {
      this.#path[depth + 1] = index;
      copy.push(this.copy(list[index], before?.[index], depth + 1));
    }
    return Object.freeze(copy) as Json;
  }

  #object(object: object, known: unknown, depth: number): Json {
    if (!isPlainObject(object)) {
      throw this.#error(depth, `expected a JSON value, got ${formatValue(object)}`);
    }
    if (Object.getOwnPropertySymbols(object).length > 0) throw this.#error(depth, "a key is a symbol, not a text");
    const before = isObject(known) ? known : undefined;
    const copy: { [key: string]: Json } = {};
    for (const key of Object.keys(object)) {
      this.#path[depth + 1] = key;
      const entry = (object as Record<string, unknown>)[key];
      if (entry === undefined) continue;
      if (!key.isWellFormed()) throw this.#error(depth, `the key ${formatValue(key)} has half of a surrogate pair`);
      const isKnown = typeof entry === "object" && before !== undefined && Object.hasOwn(before, key);
      const copied = this.copy(entry, isKnown ? before[key] : undefined, depth + 1);
      // An assignment would set the prototype.
      if (key === "__proto__") Object.defineProperty(copy, key, { value: copied, enumerable: true });
      else copy[key] = copied;
    }
    return Object.freeze(copy);
  }

  #error(depth: number, text: string): ShapeError {
    return new ShapeError(`${this.#path.slice(0, depth + 1).join(".")}: ${text}`);
  }
}

/** Whether a value is an object literal: not a list, and not an instance of a class. */
export function isPlainObject(value: unknown): value is { [key: string]: unknown } {
  if (!isObject(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return true;
  // An object of another realm, such as a vm context.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "hasOwnProperty");
}

/**
 * Freezes a value that is not shared with users, and everything in it except bytes. Stops at frozen parts.
 *
 * @throws {ShapeError} if a text in it has half of a surrogate pair, which JSON would change
 */
export function deepFreeze<T>(value: T): T {
  if (freezeAll(value)) return value;
  const { path, text } = illFormed(value, []) ?? { path: [], text: "" };
  throw new ShapeError(`${path.join(".")}: ${formatValue(text)} has half of a surrogate pair`);
}

/** Freezes a value like `deepFreeze` if only its fields `keys` are not frozen yet. @throws {ShapeError} */
export function freezeFields<T extends object>(value: T, keys: readonly string[]): T {
  for (const key of keys) if (!freezeAll(value[key as keyof T], 1)) return deepFreeze(value); // throws, and names the path
  return Object.freeze(value);
}

/** Freezes a value; returns false if a text is not valid Unicode. @throws {ShapeError} for data that are nested too deep, or contain themselves */
function freezeAll(value: unknown, depth = 0): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return true;
  // An input contains metadata, annotations and their data, each up to maxDepth deep.
  if (depth > maxDepth + 10) throw new ShapeError(tooDeep);
  if (Array.isArray(value)) {
    for (const entry of value) if (!freezeAll(entry, depth + 1)) return false;
  } else {
    for (const key in value) if (!freezeAll((value as Record<string, unknown>)[key], depth + 1)) return false;
  }
  Object.freeze(value);
  return true;
}

/** Finds the text that `freezeAll` refused. A second walk, since only inputs that fail need the path. */
function illFormed(value: unknown, path: readonly string[]): { path: readonly string[]; text: string } | undefined {
  if (typeof value === "string") return value.isWellFormed() ? undefined : { path, text: value };
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return undefined;
  for (const [key, entry] of Object.entries(value)) {
    const found = illFormed(entry, [...path, key]);
    if (found) return found;
  }
  return undefined;
}

/** Whether a JSON value is nested more than `levels` deep; stops below that level. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (!isObject(value) && !Array.isArray(value)) return false;
  return levels < 0 || Object.values(value).some((entry) => isDeeper(entry, levels - 1));
}
