/** Reads the values of cells: numbers, locations, concepts and metadata. */

import { InputError } from "../../core/errors.js";
import { geoPointFrom } from "../../core/input/coordinates.js";
import type { Concept, GeoPoint, Json } from "../../core/input/input.js";
import { shorten } from "../../core/util/format/shorten.js";
import { parseJson } from "../../core/util/json/json-text.js";
import { isObject } from "../../core/util/json/json-values.js";
import { decimalIn, isMissing } from "./cells.js";
import { pythonLiteral } from "./python-literal.js";

export type Metadata = { [key: string]: Json };

/** Maximum characters of a cell in an error text. */
const maxCellLength = 60;

/** Shortens a cell for an error text. */
export function shortCell(cell: string): string {
  return shorten(cell, maxCellLength);
}

/** Reads a decimal number. @throws {InputError} ERR_CSV_NUMBER */
export function numberIn(cell: string, column: string): number {
  const value = decimalIn(cell);
  if (Number.isFinite(value)) return value;
  throw new InputError("ERR_CSV_NUMBER", `column ${column}: "${shortCell(cell)}" is not a number`);
}

/** Reads `longitude,latitude`; returns undefined if both parts say that there is no value. @throws {InputError} ERR_CSV_GEO, ERR_CSV_NUMBER */
export function geoPointIn(cell: string, column = "geopoints"): GeoPoint | undefined {
  const parts = cell.split(",");
  const [longitude = "", latitude = ""] = parts;
  if (parts.length !== 2) {
    throw new InputError("ERR_CSV_GEO", `column ${column}: "${shortCell(cell)}" is not longitude,latitude`);
  }
  if (isMissing(longitude) && isMissing(latitude)) return undefined;
  return geoPointOf(longitude, latitude, column);
}

/** Makes a location of the cells with its longitude and its latitude. @throws {InputError} ERR_CSV_GEO, ERR_CSV_NUMBER */
export function geoPointOf(longitude: string, latitude: string, column: string): GeoPoint {
  return geoPointFrom(numberIn(longitude, column), numberIn(latitude, column), `column ${column}`, "ERR_CSV_GEO");
}

/** Reads names separated by commas, or a list as Python and JSON write it. @throws {InputError} ERR_CSV_CONCEPTS */
export function conceptsIn(cell: string, column = "concepts"): Concept[] | Promise<Concept[]> {
  if (/^\s*\[.*\]\s*$/s.test(cell)) return listedConcepts(cell, column);
  return cell
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .map((id) => ({ id }));
}

async function listedConcepts(cell: string, column: string): Promise<Concept[]> {
  const wrong = (reason: string, cause?: unknown) =>
    new InputError("ERR_CSV_CONCEPTS", `column ${column}: ${shortCell(cell)} ${reason}`, { cause });
  let list: unknown;
  try {
    list = await pythonLiteral(cell);
  } catch (error) {
    throw wrong('is not a list such as ["cat", "dog"]', error);
  }
  return (list as unknown[]).map((name) => {
    if (typeof name === "string" && name.trim() !== "") return { id: name.trim() };
    if (Number.isSafeInteger(name)) return { id: String(name) };
    throw wrong(`has ${JSON.stringify(name)} in its list; a concept is a text that is not empty`);
  });
}

/**
 * Reads a JSON object, also one with single quotes, `True` and `None`, as Python prints it.
 *
 * @throws {InputError} ERR_CSV_METADATA, ERR_NUMBER
 */
export function metadataIn(cell: string, column = "metadata"): Metadata | Promise<Metadata> {
  let value: unknown;
  try {
    value = parseJson(cell);
  } catch (error) {
    if (error instanceof InputError) throw inColumn(column, error);
    return pythonMetadata(cell, column);
  }
  return asObject(value, cell, column);
}

async function pythonMetadata(cell: string, column: string): Promise<Metadata> {
  let value: unknown;
  try {
    value = await pythonLiteral(cell);
  } catch (error) {
    if (error instanceof InputError) throw inColumn(column, error);
    throw notAnObject(cell, column, error);
  }
  return asObject(value, cell, column);
}

function inColumn(column: string, error: InputError): InputError {
  if (error.code !== "ERR_NUMBER") return error;
  return new InputError(error.code, `column ${column}: ${error.message}`, { cause: error });
}

function asObject(value: unknown, cell: string, column: string): Metadata {
  if (isObject(value)) return value;
  throw notAnObject(cell, column);
}

function notAnObject(cell: string, column: string, cause?: unknown): InputError {
  const text = `column ${column}: ${shortCell(cell)} is not a JSON object`;
  return new InputError("ERR_CSV_METADATA", text, cause === undefined ? {} : { cause });
}
