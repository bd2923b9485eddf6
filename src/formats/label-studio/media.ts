/** Finds what a task shows: a file below the root, a URL, or a text. */

import { mediaKindOfName } from "../../core/input/detect/names.js";
import type { Json } from "../../core/input/input.js";
import { insideOf, isFile, lastPart } from "../datasets/files.js";

/** Fields that show something, most likely first. */
const fields = ["image", "img", "photo", "picture", "video", "audio", "text", "url"];

/** Fields whose values are media also without an extension. */
const kindOfField: Record<string, "image" | "video" | "audio"> = {
  image: "image",
  img: "image",
  photo: "image",
  picture: "image",
  video: "video",
  audio: "audio",
};

/** What a task shows. */
export type Shown =
  | { key: string; kind: "image" | "video" | "audio"; place: { relative: string } | { url: string } }
  | { key: string; text: string }
  | { key: string; kind: "image" | "video" | "audio"; missing: string; tried: string[] }
  | undefined;

/** Finds the field of a task that shows something. `field` is the option of the source. */
export function shownBy(data: Record<string, Json>, field: string | undefined, root: string): Shown {
  const keys =
    field === undefined ? [...fields.filter((key) => data[key] !== undefined), ...Object.keys(data)] : [field];
  for (const key of keys) {
    const value = data[key];
    if (typeof value !== "string" || value === "") continue;
    const kind = kindOf(key, value);
    if (kind !== undefined) return { key, kind, ...placeOf(value, root) };
    if (key === "text" || field !== undefined) return { key, text: value };
  }
  const texts = Object.entries(data).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && entry[1] !== "",
  );
  const [only] = texts;
  return only && texts.length === 1 ? { key: only[0], text: only[1] } : undefined;
}

function kindOf(key: string, value: string): "image" | "video" | "audio" | undefined {
  const name = value.replace(/[?#](?!d=).*$/s, "");
  const kind = value.length < 4000 && !/\s{2}|\n/.test(value) ? mediaKindOfName(name) : undefined;
  if (kind !== undefined) return kind;
  const named = kindOfField[key];
  if (named !== undefined && !/\s/.test(value)) return named;
  const isAddress = /^(https?:|s3:|gs:|azure-blob:|\/data\/|data:)/.test(value);
  if (!isAddress) return undefined;
  return key.includes("video") ? "video" : key.includes("audio") ? "audio" : key === "text" ? undefined : "image";
}

/** Resolves a reference of Label Studio. */
function placeOf(
  value: string,
  root: string,
): { place: { relative: string } | { url: string } } | { missing: string; tried: string[] } {
  const names = namesOf(value);
  const candidates = [...new Set(names.flatMap((name) => insideOf(root, "", name) ?? []))];
  const relative = candidates.find((one) => isFile(`${root}/${one}`));
  if (relative !== undefined) return { place: { relative } };
  if (/^https?:\/\//i.test(value)) return { place: { url: value } };
  return { missing: value, tried: candidates.map((one) => `${root}/${one}`) };
}

/** Returns the paths, relative to the root, at which the file of a reference may lie. */
function namesOf(value: string): string[] {
  const local = /^\/data\/local-files\/?\?d=(.+)$/s.exec(value)?.[1];
  if (local !== undefined) return withLast(decoded(local));
  const upload = /^\/data\/(upload\/.+)$/s.exec(value)?.[1];
  if (upload !== undefined) {
    const path = decoded(upload);
    const name = lastPart(path);
    // Label Studio puts eight characters before the name of an uploaded file.
    return [
      path,
      `media/${path}`,
      path.slice("upload/".length),
      `images/${name}`,
      name,
      `images/${name.replace(/^[0-9a-f]{8}-/, "")}`,
      name.replace(/^[0-9a-f]{8}-/, ""),
    ];
  }
  const cloud = /^(?:s3|gs|azure-blob|https?):\/\/[^/]+\/([^?#]+)/is.exec(value)?.[1];
  if (cloud !== undefined) return withLast(decoded(cloud));
  return withLast(value.replace(/^\.\//, ""));
}

/** Returns a path and its ends, since the root may be a folder further down than that of Label Studio. */
function withLast(path: string): string[] {
  const parts = path.split("/").slice(-20);
  return [path, ...parts.map((_, index) => parts.slice(index).join("/")), `images/${parts.at(-1)}`];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
