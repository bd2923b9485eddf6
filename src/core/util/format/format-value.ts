/** Formats values for error texts. */

import { Observable } from "../observable.js";
import { shorten } from "./shorten.js";

/** Formats a value for an error text: short, on one line, and without the content of an object. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(shorten(value, 60));
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "function") return "a function";
  if (value instanceof Observable) return "the stream of the pipe; call the function in the pipe, with its options";
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value !== "object" || value === null) return String(value);
  const name = classOf(value);
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

/** Returns the name of an object's class, such as `Map` or `Generator`. */
function classOf(value: object): string {
  const tag = Object.prototype.toString.call(value).slice("[object ".length, -1);
  const Class: unknown = value.constructor;
  return typeof Class === "function" && Class !== Object && Class.name !== "" ? Class.name : tag;
}
