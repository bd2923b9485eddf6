/** A line of a download's manifest: the record of one input and the files that hold its content. */

import { hash } from "node:crypto";
import { recordFields } from "../../core/input/fields/fields.js";
import type { Content, Input, Kind } from "../../core/input/input.js";
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

/** The record of an input. Names and order of the fields are part of the format; the fields of the input come last, as it declares them. */
export interface ManifestLine extends ManifestFile, Omit<Input, Kind | "textUrl"> {
  manifest: typeof manifestVersion;
  /** Kind of the input: image, video, audio or text. */
  kind: string;
  /** The file with the text of an image that has one. */
  text?: ManifestFile | undefined;
  /** Name of the rendition that the file of the media has, such as `small`; undefined for the original. */
  rendition?: string | undefined;
  /** Address that the content came from, unless it is the platform's own; without a signature. */
  url?: string | undefined;
}

/** Makes the line of an input from its files, by kind. */
export function lineOf(
  input: Input,
  files: ReadonlyMap<string, ManifestFile>,
  { isOwnUrl, rendition }: { isOwnUrl: (url: string) => boolean; rendition?: string | undefined },
): string {
  const [first, second] = [...files];
  if (!first) throw new Error(`no file of ${input.id}`); // an input without content has failed before
  const [kind, { path, sizeBytes, sha256 }] = first;
  const url = originOf(input, isOwnUrl);
  const record = Object.fromEntries(recordFields.map((name) => [name, input[name]])) as Omit<
    Input,
    Kind | "textUrl" | "id"
  >;
  const line: ManifestLine = {
    manifest: manifestVersion,
    id: input.id,
    kind,
    path,
    sizeBytes,
    sha256,
    text: second?.[1],
    rendition,
    url,
    ...record,
  };
  return JSON.stringify(line);
}

/** Returns when the platform created an input, or the address of its content. A different value means different content. */
export function creationOf(input: Input): string | undefined {
  return input.createdAt ?? originOf(input, () => false);
}

/** Returns a digest of a line, in 16 characters. */
export function digestOfLine(line: string): string {
  return hash("sha1", line, "base64url").slice(0, 16);
}

/** Returns the address that an input came from. The platform's own address of the content changes, and says nothing about the origin. */
function originOf(input: Input, isOwnUrl: (url: string) => boolean): string | undefined {
  const content: Content | undefined =
    mediaOf(input)?.content ?? (input.textUrl === undefined ? undefined : { url: input.textUrl });
  if (!content || !("url" in content) || content.url === content.hostedUrl || isOwnUrl(content.url)) return undefined;
  return redactUrl(content.url);
}
