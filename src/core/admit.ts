/** Admission: checks what a source yields, once for all sources, and completes it to an input. */

import { hash } from "node:crypto";
import { decodeText, describeBytes, describeFile, readContent } from "./content.js";
import { InputError } from "./errors.js";
import { idFromPath } from "./ids.js";
import { type Concept, type Content, type Input, InputDraft, type Json } from "./input.js";
import { mediaKinds } from "./kinds.js";
import { limits } from "./limits.js";
import { issueText } from "./plugin.js";

const none: readonly never[] = Object.freeze([]);
const noMetadata: { readonly [key: string]: Json } = Object.freeze({});

/** What may be given; what the platform tells of an input is left out. */
const fieldNames = Object.keys(InputDraft.shape).filter((name) => !/^(status|createdAt|modifiedAt)$/.test(name));

/** Levels of lists and objects within metadata and annotations. */
const maxDepth = 100;

/**
 * Turns a draft into an input: checks its shape, looks at files whose facts are not known, reads text files,
 * gives it an id made from `origin` where it has none. `isChecked`: a source vouches for the shape.
 *
 * @throws {InputError} ERR_INPUT_SHAPE, and what `describeFile` throws
 */
export function admit(raw: InputDraft, origin: string, isChecked = false): Input | Promise<Input> {
  checkDepth(raw);
  const draft = isChecked ? raw : checked(raw);
  const input: Writable<Input> = {
    id: draft.id ?? idFromPath(origin),
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
  const { text } = draft;
  let work: Promise<void>[] | undefined;
  if (typeof text === "string") input.text = text;
  else if (text && "url" in text) input.textUrl = text.url;
  else if (text) work = [readText(text).then((read) => void (input.text = read))];
  if (draft.image || draft.video || draft.audio) work = addMedia(input, draft, work);
  return work ? Promise.all(work).then(() => input) : input;
}

/** Adds the media of a draft; gives back what has to be waited for, with the work that there was. */
function addMedia(input: Writable<Input>, draft: InputDraft, before?: Promise<void>[]): Promise<void>[] | undefined {
  let work = before;
  for (const kind of mediaKinds) {
    const content = draft[kind];
    if (!content) continue;
    const described = describe(content);
    if (described instanceof Promise) (work ??= []).push(described.then((found) => void (input[kind] = found)));
    else input[kind] = described;
  }
  return work;
}

/**
 * The fingerprint of an input as it was read: of its id, its fields, and its content by size and time (files), address (URLs),
 * or bytes. Two runs over an unchanged source give the same one.
 */
export function fingerprintOf(input: Input): string {
  const contents = mediaKinds.map((kind) => (input[kind] ? contentKey(input[kind]) : 0));
  const { id, text, textUrl, concepts, metadata, geo, annotations, datasets } = input;
  const fields = JSON.stringify([id, contents, text, textUrl, concepts, metadata, geo, annotations, datasets]);
  return hash("sha1", fields, "base64url").slice(0, 16);
}

/** What looks at data later walks as deep as they go, and the stack does not. */
function checkDepth(raw: InputDraft): void {
  for (const field of [raw?.metadata, raw?.annotations]) {
    if (!isDeeper(field, maxDepth)) continue;
    throw new InputError("ERR_INPUT_SHAPE", `metadata or annotations are nested more than ${maxDepth} levels deep`);
  }
}

function checked(raw: InputDraft): InputDraft {
  const result = InputDraft.safeParse(raw, { reportInput: true });
  if (result.success) return result.data;
  const hasUnknown = result.error.issues.some(({ code, path }) => code === "unrecognized_keys" && path.length === 0);
  const known = hasUnknown ? `; an input has ${fieldNames.join(", ")}` : "";
  throw new InputError("ERR_INPUT_SHAPE", `${issueText(result.error)}${known}`, { cause: result.error });
}

/** Whether a value of JSON is nested more than `levels` deep; walks no deeper than that. */
export function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels < 0) return true;
  // No lists of values, no closures: this runs for each row of a table.
  for (const key in value) if (isDeeper((value as Record<string, unknown>)[key], levels - 1)) return true;
  return false;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function conceptOf(concept: string | Concept): Concept {
  return typeof concept === "string" ? { id: concept } : concept;
}

function describe(content: Content): Content | Promise<Content> {
  if ("url" in content) return content;
  if ("bytes" in content) {
    return content.mimeType === undefined ? describeBytes(content).then((found) => found.content) : content;
  }
  if (content.sizeBytes !== undefined) return content;
  const described = describeFile(content.path);
  return described instanceof Promise ? described.then((found) => found.content) : described.content;
}

async function readText(content: Content): Promise<string> {
  const name = "path" in content ? content.path : "the text";
  if ("path" in content) {
    const described = await describeFile(content.path);
    const size = described.content.sizeBytes ?? 0;
    if (size >= limits.maxItemBytes.text) {
      const limit = limits.maxItemBytes.text;
      throw new InputError("ERR_ITEM_TOO_LARGE", `${name} has ${size} bytes; a text must have less than ${limit}`);
    }
    if (described.text !== undefined) return described.text;
  }
  return decodeText(await readContent(content), name);
}

function contentKey(content: Content): Json {
  if ("path" in content) return [content.sizeBytes ?? 0, content.modifiedMs ?? 0];
  if ("url" in content) return content.url;
  return hash("sha1", content.bytes, "base64url");
}
