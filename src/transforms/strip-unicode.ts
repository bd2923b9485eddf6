/** Transform: takes characters out of text: emoji, control characters, everything but ASCII, or whole categories and scripts. */

import * as z from "zod";
import type { Concept, Input, Json } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import { type CharacterClass, loadUnicode, stripper } from "./strip-unicode/unicode-classes.js";

function isScript(name: string): boolean {
  if (!/^\w+$/.test(name)) return false;
  try {
    return new RegExp(`\\p{Script=${name}}`, "u").unicode;
  } catch {
    return false;
  }
}

const Class = z.union([
  z.enum(["non-ascii", "emoji", "control"]),
  z.strictObject({
    /** General categories, such as "So" or "Mn"; one letter takes all of its kind. */
    categories: z.array(z.string().regex(/^[LMNPSZC][a-z]?$/)).optional(),
    /** Scripts, such as "Han" or "Cyrillic". */
    scripts: z.array(z.string().refine(isScript, "it is not the name of a script")).optional(),
  }),
]);
const Options = z.strictObject({
  /** What goes: a class, or a list of them. Default: "non-ascii". */
  remove: z.union([Class, z.array(Class).min(1)]).default("non-ascii"),
  /** Unicode normalisation before anything is taken out; false leaves it as it is. Default: "NFC". */
  normalize: z.union([z.enum(["NFC", "NFD", "NFKC", "NFKD"]), z.literal(false)]).default("NFC"),
  /** Where: the text, the strings in the metadata (not their keys), the names of concepts (not their ids). Default: all three. */
  fields: z.array(z.enum(["text", "metadata", "concepts"])).default(["text", "metadata", "concepts"]),
  /** Put in the place of what goes. Default: "". */
  replacement: z.string().default(""),
});
/** Options of `stripUnicode`. */
export type StripUnicodeOptions = OptionsOf<typeof Options>;

/**
 * Takes characters out of the text, the metadata's strings and the concepts' names. It works on whole graphemes: of a flag, a family emoji or a
 * letter with its accents no half stays behind.
 *
 * "control" keeps tab and line breaks. A concept whose name becomes empty is named by its id. Keeps order; inputs without anything to take out go
 * on as they are.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(csv("./reviews.csv")).pipe(stripUnicode({ remove: ["emoji", "control"] }), batch(), upload(app));
 */
export const stripUnicode = defineTransform({
  name: "stripUnicode",
  options: Options,
  open: (): { strip?: Strip } => ({}),
  apply(input, { remove, normalize, fields, replacement }, { state }) {
    if (state.strip) return cleaned(input, fields, state.strip);
    const classes: CharacterClass[] = Array.isArray(remove) ? remove : [remove];
    if (!classes.some((entry) => typeof entry === "object")) {
      state.strip = stripper(classes, { normalize, replacement });
      return cleaned(input, fields, state.strip);
    }
    return loadUnicode().then((unicode) => {
      state.strip ??= stripper(classes, { normalize, replacement, unicode });
      return cleaned(input, fields, state.strip);
    });
  },
});

type Strip = (text: string) => string;

function cleaned(input: Input, fields: readonly string[], strip: Strip): Input {
  const changed: { text?: string; metadata?: Input["metadata"]; concepts?: Concept[] } = {};
  if (fields.includes("text") && input.text !== undefined) {
    const text = strip(input.text);
    if (text !== input.text) changed.text = text;
  }
  if (fields.includes("metadata")) {
    const metadata = stripJson(input.metadata as Json, strip);
    if (metadata !== input.metadata) changed.metadata = metadata as Input["metadata"];
  }
  if (fields.includes("concepts")) {
    const concepts = input.concepts.map((concept) => renamed(concept, strip));
    if (concepts.some((concept, index) => concept !== input.concepts[index])) changed.concepts = concepts;
  }
  return Object.keys(changed).length === 0 ? input : { ...input, ...changed };
}

/** The same value when there is nothing to take out. */
function stripJson(value: Json, strip: (text: string) => string): Json {
  if (typeof value === "string") return strip(value);
  if (typeof value !== "object" || value === null) return value;
  const before = Object.entries(value);
  const after = before.map(([key, entry]): [string, Json] => [key, stripJson(entry, strip)]);
  if (after.every(([, entry], index) => entry === before[index]?.[1])) return value;
  return Array.isArray(value) ? after.map(([, entry]) => entry) : Object.fromEntries(after);
}

function renamed(concept: Concept, strip: (text: string) => string): Concept {
  if (concept.name === undefined) return concept;
  const stripped = strip(concept.name);
  if (stripped === concept.name) return concept;
  const name = stripped.trim();
  return { ...concept, name: name === "" ? concept.id : name };
}
