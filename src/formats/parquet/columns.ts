/** The columns of a Parquet file: what each holds, and what it becomes. */

import type { FileMetaData, SchemaTree } from "hyparquet";
import { SourceError } from "../../core/errors.js";
import { type MediaKind, mediaKinds } from "../../core/input/kinds.js";
import { isObject } from "../../core/util/json/json-values.js";

/** Decimals with more digits would become another number. */
const exactDigits = 15;

export interface Column {
  name: string;
  /** "media": bytes, or the struct { bytes, path } of Hugging Face. */
  holds: "media" | "text" | "other";
  /** The kind that the schema of Hugging Face names. */
  kind?: MediaKind | undefined;
  /** Names of the classes, by the schema of Hugging Face. */
  classNames?: readonly string[] | undefined;
  isUtc: boolean;
  /** Why it cannot be metadata, for a note. */
  leftOut?: string | undefined;
}

/** Which column is what. */
export interface Roles {
  media?: { kind: MediaKind; column: Column } | undefined;
  text?: Column | undefined;
  labels: Column[];
  ids: readonly string[];
  metadata: Column[];
  /** Notes about columns that are not read. */
  notes: string[];
  /** Names of all columns that are read. */
  read: string[];
}

export interface RoleOptions {
  image?: string | false | undefined;
  video?: string | undefined;
  audio?: string | undefined;
  text?: string | undefined;
  labels?: string | readonly string[] | false | undefined;
  ids?: string | readonly string[] | undefined;
  metadata?: readonly string[] | undefined;
}

/** Reads the columns of a schema. */
export function columnsOf(tree: SchemaTree, { key_value_metadata: entries }: FileMetaData): Column[] {
  const features = featuresOf(entries?.find(({ key }) => key === "huggingface")?.value);
  return tree.children.map((node): Column => {
    const { name } = node.element;
    const feature = features[name];
    return {
      name,
      holds: holdsOf(node),
      kind: kindOf(feature),
      classNames: classesOf(feature),
      isUtc: isUtc(node),
      leftOut: leftOutOf(node),
    };
  });
}

function holdsOf({ element, children }: SchemaTree): Column["holds"] {
  if (isText(element)) return "text";
  if (element.repetition_type === "REPEATED") return "other";
  if (children.length === 0) return isBytes(element) ? "media" : "other";
  return children.some((child) => child.element.name === "bytes" && isBytes(child.element)) ? "media" : "other";
}

function isText({ converted_type, logical_type }: SchemaTree["element"]): boolean {
  return converted_type === "UTF8" || logical_type?.type === "STRING" || converted_type === "ENUM";
}

function isBytes({ type, converted_type, logical_type }: SchemaTree["element"]): boolean {
  return (
    (type === "BYTE_ARRAY" || type === "FIXED_LEN_BYTE_ARRAY") &&
    converted_type === undefined &&
    logical_type === undefined
  );
}

function leftOutOf({ element, children }: SchemaTree): string | undefined {
  if (isBytes(element) && children.length === 0) return "has bytes";
  const digits =
    element.converted_type === "DECIMAL" || element.logical_type?.type === "DECIMAL" ? (element.precision ?? 0) : 0;
  if (digits > exactDigits) return `has decimals with more than ${exactDigits} digits`;
  for (const child of children) {
    const reason = leftOutOf(child);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

/** Whether the times of a column are in UTC. Those of the old type without a unit, and of the old converted types, name no zone or are in UTC. */
function isUtc({ element, children }: SchemaTree): boolean {
  const { logical_type: type } = element;
  if (type?.type === "TIMESTAMP") return type.isAdjustedToUTC;
  if (element.converted_type?.startsWith("TIMESTAMP")) return true;
  return children.some(isUtc);
}

type Feature = { [key: string]: unknown } | undefined;

/** Reads the schema that Hugging Face's library writes beside that of Parquet. */
function featuresOf(text: string | undefined): { [column: string]: Feature } {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    const info = isObject(value) ? value.info : undefined;
    return isObject(info) && isObject(info.features) ? (info.features as { [column: string]: Feature }) : {};
  } catch {
    return {};
  }
}

function kindOf(feature: Feature): MediaKind | undefined {
  return mediaKinds.find((kind) => String(feature?._type).toLowerCase() === kind);
}

function classesOf(feature: unknown): readonly string[] | undefined {
  if (Array.isArray(feature)) return classesOf(feature[0]);
  if (!isObject(feature)) return undefined;
  if (feature._type === "ClassLabel" && Array.isArray(feature.names)) return feature.names.map(String);
  return classesOf(feature.feature);
}

type Named = (column: string) => Column;
type Invalid = (text: string) => SourceError;

/** Decides which column is what, by the options, and else by the schema. @throws {SourceError} ERR_PARQUET_COLUMN */
export function rolesOf(name: string, columns: readonly Column[], options: RoleOptions): Roles {
  const invalid: Invalid = (text) => new SourceError("ERR_PARQUET_COLUMN", `parquet: ${name}: ${text}`);
  const known = columns.map((column) => column.name).join(", ");
  const named: Named = (column) => {
    const found = columns.find((one) => one.name === column);
    if (!found) throw invalid(`it has no column "${column}"; its columns are ${known}`);
    return found;
  };
  const media = mediaRole(columns, options, named, invalid);
  let text = options.text === undefined ? undefined : named(options.text);
  if (!media) text ??= columns.find((column) => column.name === "text" && column.holds === "text");
  if (!media && !text)
    throw invalid(`no column is known to be an image or a text; name one of ${known}: { image: "…" } or { text: "…" }`);
  if (text && text.holds !== "text") throw invalid(`the column "${text.name}" has no texts`);
  const { labels: wanted = columns.filter((column) => column.classNames).map((column) => column.name) } = options;
  const labels = wanted === false ? [] : [wanted].flat().map(named);
  const ids = options.ids === undefined ? [] : [options.ids].flat();
  for (const id of ids) named(id);
  const taken = new Set([media?.column, text, ...labels]);
  const rest = options.metadata ? options.metadata.map(named) : columns.filter((column) => !taken.has(column));
  const out = rest.filter((column) => column.leftOut !== undefined);
  const metadata = rest.filter((column) => column.leftOut === undefined);
  const read = new Set([
    media?.column.name,
    text?.name,
    ...ids,
    ...[...labels, ...metadata].map((column) => column.name),
  ]);
  return {
    ...{ media, text, labels, ids, metadata },
    notes: out.map((column) => `parquet: the column "${column.name}" ${column.leftOut} and was left out`),
    read: [...read].filter((column) => column !== undefined),
  };
}

/** Returns the column of the media: the one that is named, else the only one. */
function mediaRole(columns: readonly Column[], options: RoleOptions, named: Named, invalid: Invalid): Roles["media"] {
  const chosen = mediaKinds.flatMap((kind) => {
    const column = options[kind];
    return column === undefined || column === false ? [] : [{ kind, column: named(column) }];
  });
  const [only] = chosen;
  if (chosen.length > 1) throw invalid("an input has one image, video or audio; name one of the columns");
  if (only && only.column.holds !== "media") throw invalid(`the column "${only.column.name}" has no bytes`);
  if (only || options.image === false) return only;
  const found = columns.filter((column) => column.holds === "media" && (column.kind ?? defaultKind(column.name)));
  const [first, second] = found;
  if (!first) return undefined;
  if (!second) return { kind: first.kind ?? defaultKind(first.name) ?? "image", column: first };
  const names = found.map((column) => column.name).join(", ");
  throw invalid(`it has several columns of media (${names}); name one, such as { image: "${first.name}" }`);
}

function defaultKind(name: string): MediaKind | undefined {
  if (/^(?:image|img|picture|photo)(?:_?(?:bytes|data))?$/i.test(name)) return "image";
  return mediaKinds.find((kind) => name.toLowerCase() === kind);
}
