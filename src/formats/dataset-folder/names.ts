/** Names of images in a dataset: those of the originals, safe on every system, and unique in their folder without their extension. */

import { hash } from "node:crypto";
import { extensionFor } from "../../core/files/file-names.js";
import { mediaKindOfName } from "../../core/input/detect/names.js";
import type { Content, Input } from "../../core/input/input.js";
import { DigestSet, digestOfKey } from "../../core/util/digest-set.js";

/** Names that Windows reserves for devices. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Most file systems accept 255 bytes; the rest is for suffixes. */
const maxNameBytes = 200;

/** A file name in two parts. */
export interface FileName {
  stem: string;
  /** With its dot. */
  extension: string;
}

/** Returns the name that an image should have: `metadata.filename`, else the name of its file, else its id. */
export function wantedName(input: Input, image: Content): FileName {
  const { filename } = input.metadata;
  const own = typeof filename === "string" && filename !== "" ? filename : (nameOfImage(image) ?? input.id);
  const name = safeName(own.slice(Math.max(own.lastIndexOf("/"), own.lastIndexOf("\\")) + 1));
  const dot = name.lastIndexOf(".");
  if (dot > 0 && mediaKindOfName(name) === "image") return cut(name.slice(0, dot), name.slice(dot));
  return cut(name, `.${extensionFor(image.mimeType)}`);
}

/** Makes a text safe as the name of a file or a folder. */
export function safeName(text: string): string {
  const name = text
    .normalize("NFC")
    .replace(/[\u0000-\u001f\u007f<>:"/\\|?*]/g, "_")
    .replace(/[. ]+$/, "")
    .replace(/^\./, "_.");
  return name === "" ? "_" : reserved.test(name) ? `_${name}` : name;
}

function nameOfImage(image: Content): string | undefined {
  if ("path" in image && image.offset === undefined) return image.path;
  const address = "url" in image ? image.url : "uri" in image ? image.uri : undefined;
  if (address === undefined) return undefined;
  const path = address.replace(/[?#].*$/s, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Shortens a stem that would be too long for a file system. Different long stems stay different. */
function cut(stem: string, extension: string): FileName {
  if (Buffer.byteLength(stem) <= maxNameBytes) return { stem, extension };
  const start = Buffer.from(stem)
    .toString("utf8", 0, maxNameBytes - 16)
    .replace(/\ufffd+$/, "");
  return { stem: `${start}-${shortDigest(stem)}`, extension };
}

/** Returns the names that an id may have, in order: the wanted one, one with a digest of the id, and numbered ones. */
export function* candidates({ stem, extension }: FileName, id: string): Generator<FileName> {
  yield { stem, extension };
  const own = `${stem}-${shortDigest(id)}`;
  yield { stem: own, extension };
  for (let number = 2; ; number += 1) yield { stem: `${own}-${number}`, extension };
}

function shortDigest(text: string): string {
  return hash("sha256", text, "hex").slice(0, 8);
}

/** The names that are used in a dataset, compared as file systems that ignore case do. */
export class NameTable {
  #used = new DigestSet();

  /** Takes a name; returns false if it is used. */
  claim(folder: string, stem: string): boolean {
    return this.#used.add(digestOfKey(`${folder}/${stem}`.toLowerCase()));
  }

  /** Frees all names but those of the records. */
  async rebuild(records: AsyncIterable<{ mediaPath: string }>): Promise<void> {
    this.#used = new DigestSet();
    for await (const { mediaPath } of records) this.claimPath(mediaPath);
  }

  /** Takes the name of an image that an earlier run wrote. */
  claimPath(mediaPath: string): void {
    const slash = mediaPath.lastIndexOf("/");
    const dot = mediaPath.lastIndexOf(".");
    this.claim(mediaPath.slice(0, Math.max(slash, 0)), mediaPath.slice(slash + 1, dot > slash + 1 ? dot : undefined));
  }
}
