/** A line of a download's manifest: the record of one input and the files that hold its content. */

import { hash } from "node:crypto";
import type { Annotation, Concept, Content, GeoPoint, Input, Json } from "../../core/input/input.js";
import { mediaOf } from "../../core/input/input.js";
import { redactUrl } from "../../core/redact-urls.js";
import { manifestVersion } from "./name.js";

/** A file of the folder. */
export interface ManifestFile {
  /** Path relative to the folder. */
  path: string;
  sizeBytes: number;
  /** In hexadecimal digits. */
  sha256: string;
}

/** The record of an input. Names and order of the fields are part of the format. */
export interface ManifestLine extends ManifestFile {
  manifest: typeof manifestVersion;
  id: string;
  /** Kind of the input: image, video, audio or text. */
  kind: string;
  /** The text of an image that has one. */
  text?: ManifestFile;
  /** Where the content came from, if the input has an address besides the platform's own; without a signature. */
  url?: string;
  concepts: readonly Concept[];
  metadata: { readonly [key: string]: Json };
  geo?: GeoPoint;
  annotations: readonly Annotation[];
  datasets: readonly string[];
  status?: Input["status"];
  createdAt?: string;
  modifiedAt?: string;
}

/** Makes the line of an input from its files, by kind. */
export function lineOf(
  input: Input,
  files: ReadonlyMap<string, ManifestFile>,
  isOwnUrl: (url: string) => boolean,
): string {
  const [first, second] = [...files];
  if (!first) throw new Error(`no file of ${input.id}`); // an input without content has failed before
  const [kind, { path, sizeBytes, sha256 }] = first;
  const url = originOf(input, isOwnUrl);
  const { id, concepts, metadata, geo, annotations, datasets, status, createdAt, modifiedAt } = input;
  const line: ManifestLine = {
    manifest: manifestVersion,
    id,
    kind,
    path,
    sizeBytes,
    sha256,
    ...(second && { text: second[1] }),
    ...(url !== undefined && { url }),
    concepts,
    metadata,
    ...(geo && { geo }),
    annotations,
    datasets,
    ...(status && { status }),
    ...(createdAt !== undefined && { createdAt }),
    ...(modifiedAt !== undefined && { modifiedAt }),
  };
  return JSON.stringify(line);
}

/** When the platform made an input, else the address of its content: a different one means different content. */
export function madeOf(input: Input): string | undefined {
  return input.createdAt ?? originOf(input, () => false);
}

/** What tells two lines apart, in 16 characters. */
export function digestOfLine(line: string): string {
  return hash("sha1", line, "base64url").slice(0, 16);
}

/** The address that an input was made from. The platform's own address of the content changes, and says nothing about its origin. */
function originOf(input: Input, isOwnUrl: (url: string) => boolean): string | undefined {
  const content: Content | undefined =
    mediaOf(input)?.content ?? (input.textUrl === undefined ? undefined : { url: input.textUrl });
  if (!content || !("url" in content) || content.url === content.hostedUrl || isOwnUrl(content.url)) return undefined;
  return redactUrl(content.url);
}
