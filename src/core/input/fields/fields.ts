/**
 * The fields of an input. A new field is declared here: its type in `Input`, its check and its traits in `fields`. The shape of drafts, the defaults, the
 * lists in error texts and the lines of a manifest derive from that. `each-field.ts` repeats the names in code that runs for every input, for speed.
 */

import * as z from "zod";
import type { Json } from "../../util/json/json-values.js";
import { Annotation } from "../annotations/schema.js";
import { Concept, Content, contentForms, type Frozen, GeoPoint, JsonObject, Status } from "./field-schemas.js";

/** An input in full, as transforms and sinks get it. It is deeply frozen, bytes excepted: return a changed copy. */
export interface Input {
  /** Unique in the app: 1–48 letters, digits, `-` and `_`. */
  readonly id: string;
  readonly image?: Frozen<Content> | undefined;
  readonly video?: Frozen<Content> | undefined;
  readonly audio?: Frozen<Content> | undefined;
  /** The text itself. */
  readonly text?: string | undefined;
  /** Address of a text that the platform fetches. */
  readonly textUrl?: string | undefined;
  readonly concepts: readonly Frozen<Concept>[];
  readonly metadata: { readonly [key: string]: Json };
  readonly geo?: Frozen<GeoPoint> | undefined;
  readonly annotations: readonly Annotation[];
  /** Ids of the datasets that the input joins. */
  readonly datasets: readonly string[];
  /** State on the platform; set on inputs that were listed. */
  readonly status?: { code: number; description?: string | undefined; details?: string | undefined } | undefined;
  readonly createdAt?: string | undefined;
  readonly modifiedAt?: string | undefined;
}

/** The declaration of a field. */
interface Field<Value> {
  /** Checks the value in a draft, which may leave the field out. */
  schema: z.ZodType;
  /** The value of an input whose draft leaves the field out. A field without a default is then absent. */
  default?: Value;
  /** Whether it is content; the other fields are the record of the input. */
  isContent?: true;
  /** Whether only the platform sets it; error texts do not offer it, and the journal key does not count it. */
  isReported?: true;
}

export const noEntries: readonly never[] = Object.freeze([]);
export const noMetadata: Input["metadata"] = Object.freeze({});

/** The order decides ids made of drafts, and the fields of a manifest line: new fields go to the end. */
const fields = {
  id: { schema: z.string() },
  image: { schema: Content, isContent: true },
  video: { schema: Content, isContent: true },
  audio: { schema: Content, isContent: true },
  text: { schema: z.union([z.string(), Content], `expected a text, ${contentForms}`), isContent: true },
  textUrl: { schema: z.string(), isContent: true },
  concepts: {
    schema: z.array(z.union([z.string().min(1), Concept], "expected a name or { id, name, value }")),
    default: noEntries,
  },
  metadata: { schema: JsonObject, default: noMetadata },
  geo: { schema: GeoPoint },
  annotations: { schema: z.array(Annotation), default: noEntries },
  datasets: { schema: z.array(z.string().min(1)), default: noEntries },
  status: { schema: Status, isReported: true },
  createdAt: { schema: z.string(), isReported: true },
  modifiedAt: { schema: z.string(), isReported: true },
} satisfies { [Name in keyof Required<Input>]: Field<Input[Name]> };

type FieldName = keyof Input;
const declared: { readonly [Name in FieldName]: Field<unknown> } = fields;

/** Names of all fields. */
export const fieldNames = Object.keys(fields) as readonly FieldName[];
/** Fields that only the platform sets. */
export const reportedFields = fieldNames.filter((name) => declared[name].isReported);
/** Fields that the user may set. */
export const settableFields = fieldNames.filter((name) => !declared[name].isReported);
/** Fields that every input has. */
export const requiredFields = fieldNames.filter((name) => name === "id" || declared[name].default !== undefined);
/** Fields besides the id and the content. */
export const recordFields = fieldNames.filter((name) => name !== "id" && !declared[name].isContent);

/** Returns the value that a required field has if nothing sets it; undefined for the id and for other fields. */
export function defaultOf(name: FieldName): unknown {
  return declared[name].default;
}

/** The check of each field of a draft. */
export const draftShape = Object.fromEntries(fieldNames.map((name) => [name, declared[name].schema.optional()])) as {
  [Name in FieldName]: z.ZodOptional<(typeof fields)[Name]["schema"]>;
};

/**
 * An input as sources yield it and as `fromIterable()` takes it, with less to write than `Input`: a concept may be a name, text may
 * be a handle (its file is read as UTF-8), and everything but the content is optional.
 */
export const InputDraft = z.strictObject(draftShape);
export type InputDraft = z.input<typeof InputDraft>;
