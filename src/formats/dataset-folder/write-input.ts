/** Writes one input into a dataset: its image and its label. */

import { hash } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { InputError } from "../../core/errors.js";
import { type Content, type Input, mediaOf } from "../../core/input/input.js";
import { type Picture, pictureOf } from "../annotations/picture.js";
import type { ClassList } from "./class-list.js";
import type { DatasetFormat, DatasetRecord, Place } from "./format.js";
import { LossList } from "./losses.js";
import { identityOf, makeFolderOf, partialPath, placeMedia, rename, unwritable } from "./media.js";
import { candidates, type NameTable, wantedName } from "./names.js";
import { type CheckedDatasetOptions, splitName } from "./options.js";

/** An input whose label is made. */
export interface Prepared {
  index: number;
  image: Content;
  /** Texts of the label files, by path. */
  files: Map<string, string>;
  record: DatasetRecord;
  /** Files of the record that it replaces. */
  before: string[];
}

interface WriterParts {
  path: string;
  format: DatasetFormat;
  options: CheckedDatasetOptions;
  names: NameTable;
  classes: ClassList;
  signal: AbortSignal;
}

/** Prepares and writes inputs one by one. */
export class InputWriter {
  readonly #parts: WriterParts;
  readonly #folders = new Set<string>();

  constructor(parts: WriterParts) {
    this.#parts = parts;
  }

  /** Reads the size and the orientation of an image. Returns the error of an input without a readable image. */
  async examine(input: Input): Promise<Picture | Error> {
    try {
      return await pictureOf(imageOf(input, this.#parts));
    } catch (error) {
      return error as Error;
    }
  }

  /** Makes the label of an input. @throws {InputError} for an input that the format cannot hold */
  async prepare({
    index,
    input,
    picture,
    recorded,
    origin,
  }: {
    index: number;
    input: Input;
    picture: Picture | undefined;
    recorded: DatasetRecord | undefined;
    origin: string;
  }): Promise<Prepared> {
    const { format, classes, options } = this.#parts;
    const image = imageOf(input, this.#parts);
    if (!picture) throw new InputError("ERR_IMAGE_SIZE", "the width and height of the image are not known");
    const losses = new LossList();
    const split = this.#splitOf(input);
    const place = this.#placeOf(input, image, split, recorded);
    const label = await format.label(input, { place, picture, classes, losses, recorded });
    const paths = format.labelPaths?.(place) ?? [];
    const files = new Map<string, string>();
    for (const [at, text] of (label.files ?? []).entries()) {
      const path = paths[at];
      if (text !== undefined && path !== undefined) files.set(path, text);
    }
    const lost = losses.list;
    const media = options.media === "none" ? "" : identityOf(image);
    const facts = [place.mediaPath, media, [...files], label.facts ?? label.record, lost];
    const record: DatasetRecord = {
      ...{ id: input.id, origin, mediaPath: place.mediaPath, files: [] },
      digest: hash("sha1", JSON.stringify(facts), "base64url"),
      ...(split !== undefined && { split }),
      ...(label.record !== undefined && { record: label.record }),
      ...(lost.length > 0 && { lost }),
    };
    return { index, image, files, record, before: recorded?.files.map(([path]) => path) ?? [] };
  }

  /** Writes the files of an input, and returns its record. Each file gets its name when all of them are complete. */
  async write({ image, files, record, before }: Prepared): Promise<{ record: DatasetRecord; isCopyOfLink: boolean }> {
    const { path, format, options, signal } = this.#parts;
    const { plugin } = format;
    const sizes: [string, number][] = [];
    const texts: [path: string, text: string][] = [];
    let isCopyOfLink = false;
    const hasMedia = options.media !== "none" && !("url" in image);
    if (options.media !== "none" && !("url" in image)) {
      const target = join(path, record.mediaPath);
      this.#makeFolderOf(target);
      try {
        const placed = await placeMedia(image, target, { media: options.media, signal, plugin });
        isCopyOfLink = placed.isCopyOfLink;
        sizes.push([record.mediaPath, placed.sizeBytes]);
      } catch (error) {
        rmSync(partialPath(target), { force: true });
        throw error;
      }
    }
    for (const [file, text] of files) {
      const target = join(path, file);
      this.#makeFolderOf(target);
      texts.push([target, text]);
      sizes.push([file, Buffer.byteLength(text)]);
    }
    for (const old of before) rmSync(join(path, old), { force: true });
    if (hasMedia) rename(partialPath(join(path, record.mediaPath)), join(path, record.mediaPath), plugin);
    // A label needs no temporary name: until its record is written, the claim says that it may be half written.
    for (const [target, text] of texts) writeText(target, text, plugin);
    return { record: { ...record, files: sizes }, isCopyOfLink };
  }

  #makeFolderOf(path: string): void {
    const folder = dirname(path);
    if (this.#folders.has(folder)) return;
    makeFolderOf(path, this.#parts.format.plugin);
    this.#folders.add(folder);
  }

  #splitOf(input: Input): string | undefined {
    const { options, format } = this.#parts;
    const own = input.metadata.split;
    const chosen =
      typeof options.split === "function"
        ? options.split(input)
        : (options.split ?? (typeof own === "string" && own !== "" ? own : undefined));
    const split = format.splitOf ? format.splitOf(chosen) : chosen;
    if (split === undefined || (typeof split === "string" && splitName.test(split))) return split;
    const text = `${format.plugin}: the split ${JSON.stringify(split)} cannot be the name of a folder`;
    throw new InputError("ERR_SPLIT", `${text}; use letters, digits, _, - and ., or the option split`);
  }

  /** Finds the place of an input: that of its record if its name and split are the same, else the first free one. */
  #placeOf(input: Input, image: Content, split: string | undefined, recorded: DatasetRecord | undefined): Place {
    const { format, names } = this.#parts;
    const folder = format.mediaFolder(split, input);
    let tries = 0;
    for (const { stem, extension } of candidates(wantedName(input, image), input.id)) {
      const fileName = `${stem}${extension}`;
      const mediaPath = folder === "" ? fileName : `${folder}/${fileName}`;
      tries += 1;
      if (recorded?.mediaPath === mediaPath || names.claim(folder, stem)) return { split, fileName, stem, mediaPath };
      if (tries > 1000) break;
    }
    throw new InputError("ERR_FILE_EXISTS", `${format.plugin}: no name is free for ${input.id}`);
  }
}

function writeText(path: string, text: string, plugin: string): void {
  try {
    writeFileSync(path, text);
  } catch (error) {
    throw unwritable(path, error, plugin);
  }
}

/** Returns the image of an input. @throws {InputError} ERR_KIND_MISMATCH, ERR_CONTENT_REMOTE */
function imageOf(input: Input, { format, options }: WriterParts): Content {
  const media = mediaOf(input);
  if (media?.kind !== "image") {
    const kind = media?.kind ?? (input.text !== undefined || input.textUrl !== undefined ? "text" : "empty");
    throw new InputError(
      "ERR_KIND_MISMATCH",
      `${format.plugin}: the input is ${kind}, and ${format.format} holds images`,
    );
  }
  if ("url" in media.content && options.media !== "none") {
    const text = `${format.plugin}: the image is a URL, which is not copied`;
    throw new InputError("ERR_CONTENT_REMOTE", `${text}; fetch it with urls(…, { fetch: true }), or use media: "none"`);
  }
  return media.content;
}
