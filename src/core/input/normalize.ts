/** Normalization: checks what a source yields, once for all sources, completes it to an input and freezes it. */

import { InputError } from "../errors.js";
import { formatIssues } from "../util/format/format-issues.js";
import { formatValue } from "../util/format/format-value.js";
import { Annotation } from "./annotations/schema.js";
import { checkTextSize, decodeText, nameOfContent, readContent, readTextFile } from "./content.js";
import { describeContent } from "./describe.js";
import { copyOptionalFields, freezeEachField, type Writable } from "./fields/each-field.js";
import { noEntries, noMetadata, settableFields } from "./fields/fields.js";
import { deepFreeze, frozenJson, isPlainObject, ShapeError } from "./frozen-json.js";
import { idFromPath } from "./ids.js";
import { type Concept, type Content, type Input, InputDraft } from "./input.js";
import { type MediaKind, mediaKinds } from "./kinds.js";

/** An id, or a function that makes it of the draft. It is called after the check of the shape: before that, a draft can hold anything of any size. */
export type DefaultId = string | ((draft: InputDraft) => string | undefined);

export interface NormalizeOptions {
  isChecked?: boolean;
  defaultId?: DefaultId | undefined;
  isOtherShard?: ((id: string) => boolean) | undefined;
}

/**
 * Turns a draft into an input: checks its shape, describes files whose facts are not known, and reads text files. A draft without an id gets `defaultId`,
 * or an id made from `origin`.
 *
 * Returns undefined for a draft whose id `isOtherShard` accepts, before it opens a content.
 *
 * With `isChecked`, the source guarantees the shape of the draft, and shares no part of it with users.
 *
 * The input is deeply frozen, bytes excepted. Users' objects are copied and never frozen.
 *
 * @throws {InputError} ERR_INPUT_SHAPE, and what `describeFile` throws
 */
export function normalize(
  raw: InputDraft,
  origin: string,
  options?: Omit<NormalizeOptions, "isOtherShard">,
): Input | Promise<Input>;
export function normalize(
  raw: InputDraft,
  origin: string,
  options: NormalizeOptions,
): Input | Promise<Input> | undefined;
export function normalize(
  raw: InputDraft,
  origin: string,
  { isChecked = false, defaultId, isOtherShard }: NormalizeOptions = {},
): Input | Promise<Input> | undefined {
  const draft = isChecked ? raw : checked(raw);
  const id = draft.id ?? defaultIdOf(draft, defaultId) ?? idFromPath(origin);
  if (isOtherShard?.(id)) return undefined;
  const input: Writable<Input> = {
    id,
    concepts: draft.concepts?.map(conceptOf) ?? noEntries,
    metadata: (draft.metadata as Input["metadata"] | undefined) ?? noMetadata,
    annotations: (draft.annotations as Input["annotations"] | undefined) ?? noEntries,
    datasets: draft.datasets ?? noEntries,
  };
  copyOptionalFields(draft, input);
  const work = addContents(input, draft);
  return work ? frozenAfter(work, input, isChecked) : frozen(input, isChecked);
}

/** A function of its own, since a closure would cost also the inputs that need no waiting. */
async function frozenAfter(work: Promise<unknown>, input: Writable<Input>, isChecked: boolean): Promise<Input> {
  await work;
  return frozen(input, isChecked);
}

/** Returns the default id of a draft whose shape was checked. */
export function defaultIdOf(draft: InputDraft, id: DefaultId | undefined): string | undefined {
  return typeof id === "function" ? id(draft) : id;
}

/**
 * Adds the text and the media of a draft to an input: reads text files, and finds size, type and pixels of files and bytes. Returns a promise only
 * if that takes time.
 *
 * @throws {InputError} what `describeFile` throws
 */
export function addContents(
  input: Writable<Input>,
  draft: Pick<InputDraft, "text" | "image" | "video" | "audio">,
): Promise<unknown> | undefined {
  const { text } = draft;
  let work: Promise<void>[] | undefined;
  if (typeof text === "string") input.text = text;
  else if (text && "url" in text) input.textUrl = text.url;
  else if (text) work = [addText(input, text)];
  if (!draft.image && !draft.video && !draft.audio) return work && Promise.all(work);
  for (const kind of mediaKinds) {
    const content = draft[kind];
    if (!content) continue;
    const described = describe(content, kind);
    if (described instanceof Promise) (work ??= []).push(addMedium(input, kind, described));
    else input[kind] = described;
  }
  return work && Promise.all(work);
}

async function addText(input: Writable<Input>, text: Content): Promise<void> {
  input.text = await readText(text);
}

async function addMedium(input: Writable<Input>, kind: MediaKind, described: Promise<Content>): Promise<void> {
  input[kind] = await described;
}

/** Freezes a completed input. @throws {InputError} ERR_INPUT_SHAPE if a text in it is not Unicode, or data are nested too deep */
function frozen(input: Writable<Input>, isChecked: boolean): Input {
  try {
    return isChecked ? freezeEachField(input) : deepFreeze(input);
  } catch (error) {
    throw error instanceof ShapeError ? new InputError("ERR_INPUT_SHAPE", error.message) : error;
  }
}

function checked(raw: InputDraft): InputDraft {
  if (!isPlainObject(raw)) {
    throw new InputError(
      "ERR_INPUT_SHAPE",
      `an input must be a plain object, such as { id, text }, got ${formatValue(raw)}`,
    );
  }
  const result = InputDraft.safeParse(raw, { reportInput: true });
  if (!result.success) {
    const unknown = result.error.issues.flatMap((issue) =>
      issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : [],
    );
    const known = unknown.length > 0 ? `; an input has ${settableFields.join(", ")}${annotationHint(unknown)}` : "";
    throw new InputError("ERR_INPUT_SHAPE", `${formatIssues(result.error)}${known}`, { cause: result.error });
  }
  const draft = result.data;
  try {
    if (draft.metadata) draft.metadata = frozenJson(draft.metadata, "metadata") as InputDraft["metadata"];
    for (const [index, annotation] of (draft.annotations ?? []).entries()) {
      freezeFreeData(annotation, raw.annotations?.[index], `annotations.${index}`);
    }
    return draft;
  } catch (error) {
    throw error instanceof ShapeError ? new InputError("ERR_INPUT_SHAPE", error.message) : error;
  }
}

/** Shows where the fields of an annotation belong, for inputs that have them beside their own. */
function annotationHint(unknown: readonly string[]): string {
  const field = unknown.find((key) => key !== "concepts" && Object.hasOwn(Annotation.shape, key));
  return field === undefined ? "" : `; write annotations: [{ ${field}: …, concepts: ["…"] }] for "${field}"`;
}

type AnnotationDraft = NonNullable<InputDraft["annotations"]>[number];

/**
 * Replaces the free data of a checked annotation by a frozen copy. Refuses objects of a class: every field of an annotation is optional, so a Map or a
 * Promise would count as an empty annotation.
 *
 * @param raw the annotation before its check.
 * @throws {ShapeError}
 */
export function freezeFreeData(annotation: AnnotationDraft, raw: unknown, path: string): void {
  if (!isPlainObject(raw)) throw new ShapeError(`${path}: expected a plain object, got ${formatValue(raw)}`);
  for (const field of ["info", "data"] as const) {
    if (annotation[field])
      annotation[field] = frozenJson(annotation[field], `${path}.${field}`) as AnnotationDraft["info"];
  }
}

/** Returns a concept in its long form. */
export function conceptOf(concept: string | Concept): Concept {
  return typeof concept === "string" ? { id: concept } : concept;
}

function describe(content: Content, kind: MediaKind): Content | Promise<Content> {
  if ("url" in content) return content;
  const isKnown =
    "bytes" in content || "uri" in content ? content.mimeType !== undefined : content.sizeBytes !== undefined;
  if (isKnown) return content;
  const described = describeContent(content, kind);
  return described instanceof Promise ? described.then((found) => found.content) : described.content;
}

async function readText(content: Content): Promise<string> {
  if ("path" in content && content.offset === undefined) return readTextFile(content.path);
  const name = "bytes" in content ? "the text" : nameOfContent(content);
  if (!("bytes" in content || "url" in content)) {
    const bytes = "uri" in content ? content.sizeBytes : (content.length ?? 0);
    if (bytes === 0) throw new InputError("ERR_FILE_EMPTY", `${name} is empty`);
    checkTextSize(bytes, name);
  }
  return decodeText(await readContent(content), name);
}
