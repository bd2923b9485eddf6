/** Makes an input of a sample: its media, its caption, its metadata and its class. */

import { basename } from "node:path";
import { describeError, InputError } from "../../core/errors.js";
import { checkTextSize, decodeData, decodeText, readContent, sizeOfContent } from "../../core/input/content.js";
import { describeContent, kindError } from "../../core/input/describe.js";
import { mediaKindOfName } from "../../core/input/detect/names.js";
import type { InputDraft, Kind } from "../../core/input/input.js";
import { parseJson } from "../../core/util/json/json-text.js";
import { isObject } from "../../core/util/json/json-values.js";
import type { Member, Sample } from "./samples.js";

const captions = ["txt", "caption", "text"];
const mediaOrder = ["image", "video", "audio"];

export interface SampleOptions {
  /** Names of the classes by their numbers. */
  classes?: readonly string[] | undefined;
}

/** An input, and what of its sample has no place in it. */
export interface SampleInput {
  input: InputDraft;
  notes: string[];
}

/**
 * Makes the input of a sample.
 *
 * @throws {InputError} ERR_SAMPLE_EMPTY without media and text, ERR_SAMPLE_MEMBER for a damaged file of it, and what reading a content throws
 */
export async function inputOfSample({ key, members }: Sample, { classes }: SampleOptions): Promise<SampleInput> {
  const notes: string[] = [];
  const media = mediaOf(members);
  const caption = first(members, captions);
  const json = first(members, ["json"]);
  const label = first(members, ["cls"]);
  const input: InputDraft = {};
  const metadata = json ? await metadataOf(json) : {};
  const text = caption ? await textOf(caption) : undefined;
  if (media) {
    const { kind, content } = await describeContent(media.content, undefined, media.name);
    if (kind === undefined) throw kindError({ kind, content }, media.name);
    if (kind === "text")
      throw new InputError("ERR_SAMPLE_MEMBER", `${media.name} is text, not an image, video or audio`);
    input[kind] = content;
    addText(input, kind, text, metadata, notes);
  } else if (text) input.text = text;
  else throw emptyError(key, members);
  if (text === "") notes.push("webDataset: a caption is empty");
  input.metadata = { filename: basename((media ?? caption)?.name ?? key), ...metadata };
  if (label) input.concepts = [await classOf(label, classes)];
  const used = new Set([media, caption, json, label]);
  for (const member of members)
    if (!used.has(member)) notes.push(`webDataset: .${member.extension} has no place in an input`);
  return { input, notes };
}

/** Adds a caption: as the text of an image, and as metadata of a kind that cannot have a text. */
function addText(
  input: InputDraft,
  kind: Kind,
  text: string | undefined,
  metadata: Record<string, unknown>,
  notes: string[],
): void {
  if (!text) return;
  if (kind === "image") input.text = text;
  else if (metadata.caption === undefined) metadata.caption = text;
  else if (metadata.caption !== text) notes.push("webDataset: the caption differs from that of .json, which counts");
}

/** Returns the member with the media: that of the shortest extension, images before videos before audio. */
function mediaOf(members: readonly Member[]): Member | undefined {
  const rank = ({ extension }: Member) => {
    const place = mediaOrder.indexOf(mediaKindOfName(`x.${extension}`) ?? "");
    return place < 0 ? undefined : extension.split(".").length * mediaOrder.length + place;
  };
  let best: Member | undefined;
  for (const member of members) {
    const place = rank(member);
    if (place !== undefined && (!best || place < (rank(best) ?? 0))) best = member;
  }
  return best;
}

/** Returns the first member with one of the extensions; an extension that stands earlier in the list wins. */
function first(members: readonly Member[], extensions: readonly string[]): Member | undefined {
  for (const extension of extensions) {
    const found = members.find((member) => member.extension === extension);
    if (found) return found;
  }
  return undefined;
}

async function bytesOf({ content, name }: Member): Promise<Buffer> {
  checkTextSize(sizeOfContent(content), name);
  return sizeOfContent(content) === 0 ? Buffer.alloc(0) : readContent(content);
}

async function textOf(member: Member): Promise<string> {
  return decodeText(await bytesOf(member), member.name);
}

async function metadataOf(member: Member): Promise<Record<string, never>> {
  const text = decodeData(await bytesOf(member), member.name);
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new InputError("ERR_SAMPLE_MEMBER", `${member.name}: ${describeError(cause)}`, { cause });
  }
  if (isObject(value) && !Array.isArray(value)) return value as Record<string, never>;
  throw new InputError("ERR_SAMPLE_MEMBER", `${member.name} is JSON, but not an object, so it cannot be metadata`);
}

async function classOf(member: Member, classes: readonly string[] | undefined): Promise<string> {
  const text = decodeData(await bytesOf(member), member.name).trim();
  if (text === "") throw new InputError("ERR_SAMPLE_MEMBER", `${member.name} is empty, so it names no class`);
  if (!classes || !/^\d+$/.test(text)) return text;
  const name = classes[Number(text)];
  if (name !== undefined) return name;
  const known = `the option classes has ${classes.length} names, from 0 on`;
  throw new InputError("ERR_SAMPLE_MEMBER", `${member.name} has the class ${text}, and ${known}`);
}

function emptyError(key: string, members: readonly Member[]): InputError {
  const names = members.map(({ extension }) => `.${extension}`).join(", ");
  return new InputError("ERR_SAMPLE_EMPTY", `the sample ${key} has no image, video, audio or text, only ${names}`);
}
