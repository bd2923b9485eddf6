/** Admission: checks what a source yields, once for all sources, completes it to an input and freezes it. */

import { hash } from "node:crypto";
import { InputError } from "../errors.js";
import { withoutSignature } from "../redact-urls.js";
import { formatIssues } from "../util/format-issues.js";
import { formatValue } from "../util/format-value.js";
import { decodeText, describeBytes, describeFile, readContent, readTextFile } from "./content.js";
import { deepFreeze, frozenJson, isPlainObject, ShapeError } from "./frozen-json.js";
import { idFromPath } from "./ids.js";
import { type Concept, type Content, type Input, InputDraft, type Json } from "./input.js";
import { type MediaKind, mediaKinds } from "./kinds.js";

/** An id, or a function that makes it of the draft once its shape was checked: what the draft has until then can be anything, and of any size. */
export type DefaultId = string | ((draft: InputDraft) => string | undefined);

const none: readonly never[] = Object.freeze([]);
const noMetadata: { readonly [key: string]: Json } = Object.freeze({});

/** What may be given; what the platform tells of an input is left out. */
const fieldNames = Object.keys(InputDraft.shape).filter((name) => !/^(status|createdAt|modifiedAt)$/.test(name));

/**
 * Turns a draft into an input: checks its shape, looks at files whose facts are not known, reads text files,
 * gives it `defaultId` where it has none, or an id made from `origin`. `isChecked`: a source vouches for the shape, and shares no part of
 * the draft with users.
 *
 * The input is deeply frozen, bytes excepted. Users' objects are copied and never frozen.
 *
 * @throws {InputError} ERR_INPUT_SHAPE, and what `describeFile` throws
 */
export function admit(
  raw: InputDraft,
  origin: string,
  { isChecked = false, defaultId }: { isChecked?: boolean; defaultId?: DefaultId | undefined } = {},
): Input | Promise<Input> {
  const draft = isChecked ? raw : checked(raw);
  const input: Writable<Input> = {
    id: draft.id ?? defaultIdOf(draft, defaultId) ?? idFromPath(origin),
    concepts: draft.concepts?.map(conceptOf) ?? none,
    metadata: (draft.metadata as Input["metadata"] | undefined) ?? noMetadata,
    annotations: (draft.annotations as Input["annotations"] | undefined) ?? none,
    datasets: draft.datasets ?? none,
  };
  if (draft.geo) input.geo = draft.geo;
  if (draft.status) input.status = draft.status;
  if (draft.createdAt !== undefined) input.createdAt = draft.createdAt;
  if (draft.modifiedAt !== undefined) input.modifiedAt = draft.modifiedAt;
  if (draft.textUrl !== undefined) input.textUrl = draft.textUrl;
  const work = addContents(input, draft);
  return work ? frozenAfter(work, input, isChecked) : frozen(input, isChecked);
}

/** In a function of its own: a closure would cost every input that takes no time. */
async function frozenAfter(work: Promise<unknown>, input: Writable<Input>, isChecked: boolean): Promise<Input> {
  await work;
  return frozen(input, isChecked);
}

/** The default id of a draft whose shape was checked. */
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

/** Freezes an input of a source that vouches for it, part by part: half the price of a walk, on the path of files and rows. */
function frozenParts(input: Writable<Input>): Input {
  const { concepts, metadata, annotations, datasets } = input;
  if (concepts !== none) {
    for (const concept of concepts) Object.freeze(concept);
    Object.freeze(concepts);
  }
  if (metadata !== noMetadata) deepFreeze(metadata);
  if (annotations !== none) deepFreeze(annotations);
  if (datasets !== none) Object.freeze(datasets);
  const { image, video, audio, geo, status } = input;
  if (image) Object.freeze(image);
  if (video) Object.freeze(video);
  if (audio) Object.freeze(audio);
  if (geo) Object.freeze(geo);
  if (status) Object.freeze(status);
  return Object.freeze(input);
}

/** Freezes a completed input. @throws {InputError} ERR_INPUT_SHAPE when a text in it is not Unicode, or data are too deep */
function frozen(input: Writable<Input>, isChecked: boolean): Input {
  try {
    return isChecked ? frozenParts(input) : deepFreeze(input);
  } catch (error) {
    throw error instanceof ShapeError ? new InputError("ERR_INPUT_SHAPE", error.message) : error;
  }
}

/**
 * The fingerprint of an input as it was read: of its id, its fields, and its content by size and time (files), address (URLs, without
 * their signatures), or bytes. Two runs over an unchanged source give the same one.
 */
export function fingerprintOf(input: Input): string {
  const contents = mediaKinds.map((kind) => (input[kind] ? contentKey(input[kind]) : 0));
  const { id, text, textUrl, concepts, metadata, geo, annotations, datasets } = input;
  const address = textUrl && withoutSignature(textUrl);
  const fields = JSON.stringify([id, contents, text, address, concepts, metadata, geo, annotations, datasets]);
  return hash("sha1", fields, "base64url").slice(0, 16);
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
    const hasUnknown = result.error.issues.some(({ code, path }) => code === "unrecognized_keys" && path.length === 0);
    const known = hasUnknown ? `; an input has ${fieldNames.join(", ")}` : "";
    throw new InputError("ERR_INPUT_SHAPE", `${formatIssues(result.error)}${known}`, { cause: result.error });
  }
  const draft = result.data;
  try {
    if (draft.metadata) draft.metadata = frozenJson(draft.metadata, "metadata") as InputDraft["metadata"];
    for (const [index, annotation] of (draft.annotations ?? []).entries()) {
      copyInfo(annotation, raw.annotations?.[index], `annotations.${index}`);
    }
    return draft;
  } catch (error) {
    throw error instanceof ShapeError ? new InputError("ERR_INPUT_SHAPE", error.message) : error;
  }
}

type AnnotationDraft = NonNullable<InputDraft["annotations"]>[number];

/**
 * Replaces the free data of an annotation that was just checked by a frozen copy. Refuses objects of a class: all fields of an annotation may be left
 * out, so that a Map or a Promise would count as an empty one.
 *
 * @throws {ShapeError}
 */
export function copyInfo(annotation: AnnotationDraft, given: unknown, path: string): void {
  if (!isPlainObject(given)) throw new ShapeError(`${path}: expected a plain object, got ${formatValue(given)}`);
  for (const field of ["info", "data"] as const) {
    if (annotation[field])
      annotation[field] = frozenJson(annotation[field], `${path}.${field}`) as AnnotationDraft["info"];
  }
}

export type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A concept from its short or its long form. */
export function conceptOf(concept: string | Concept): Concept {
  return typeof concept === "string" ? { id: concept } : concept;
}

function describe(content: Content, kind: MediaKind): Content | Promise<Content> {
  if ("url" in content) return content;
  if ("bytes" in content) {
    return content.mimeType === undefined ? describeBytes(content, kind).then((found) => found.content) : content;
  }
  if (content.sizeBytes !== undefined) return content;
  const described = describeFile(content.path, kind);
  return described instanceof Promise ? described.then((found) => found.content) : described.content;
}

function readText(content: Content): Promise<string> {
  if ("path" in content) return readTextFile(content.path);
  return readContent(content).then((bytes) => decodeText(bytes, "the text"));
}

function contentKey(content: Content): Json {
  if ("path" in content) return [content.sizeBytes ?? 0, content.modifiedMs ?? 0];
  if ("url" in content) return withoutSignature(content.url);
  return hash("sha1", content.bytes, "base64url");
}
