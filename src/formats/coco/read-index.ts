/** The first pass over a COCO file: categories, licences, the ids of images, and the annotations by image. */

import { type FileHandle, open } from "node:fs/promises";
import { describeError, SourceError } from "../../core/errors.js";
import type { Json } from "../../core/input/input.js";
import { parseJson } from "../../core/util/json/json-text.js";
import { isObject } from "../../core/util/json/json-values.js";
import { type Element, ElementScanner } from "./element-scanner.js";
import { type CocoId, IdTable } from "./id-table.js";
import { Spill } from "./spill.js";

type Fields = { [key: string]: Json };

/** A category as its file has it. */
export interface CocoCategory extends Fields {
  id: CocoId;
  name: string;
}

/** An annotation whose image is not in the file. */
export interface Orphan {
  at: number;
  imageId: string;
}

/** What the first pass found. */
export interface CocoIndex {
  categories: CocoCategory[];
  licenses: Fields[];
  images: number;
  imagesAt: number;
  /** Numbers of images whose id another image had before. */
  duplicates: Set<number>;
  orphans: Orphan[];
  /** Number of annotations without image, also beyond those that are named. */
  orphanCount: number;
  spill: Spill;
}

/** Most annotations without image that are named one by one. */
export const maxOrphans = 10_000;

/** Opens a file for the passes. @throws {SourceError} ERR_FILE_UNREADABLE */
export async function openCoco(path: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    throw new SourceError("ERR_FILE_UNREADABLE", `coco: ${path} cannot be read: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/**
 * Reads the index of a file. The caller closes its spill.
 *
 * @throws {SourceError} ERR_LABEL if the file is not valid JSON, or not of COCO
 */
export async function readIndex(file: FileHandle, path: string, signal: AbortSignal): Promise<CocoIndex> {
  const pass = new FirstPass(path, (await file.stat()).size);
  try {
    await pass.read(file, signal);
    return pass.index();
  } catch (error) {
    pass.spill?.close();
    throw error;
  }
}

/** Reads only the categories. */
export async function readCategories(path: string, signal: AbortSignal): Promise<CocoCategory[]> {
  const categories: CocoCategory[] = [];
  const file = await openCoco(path);
  try {
    const onArray = (name: string) =>
      name === "categories"
        ? { key: "", take: (element: Element) => void categories.push(categoryOf(element, path)) }
        : undefined;
    await new ElementScanner(file, `coco: ${path}`).scan({ onArray }, signal);
    return categories;
  } finally {
    await file.close();
  }
}

class FirstPass {
  spill: Spill | undefined;
  readonly #path: string;
  readonly #sizeBytes: number;
  readonly #ids = new IdTable();
  readonly #categories: CocoCategory[] = [];
  readonly #licenses: Fields[] = [];
  readonly #duplicates = new Set<number>();
  readonly #orphans: Orphan[] = [];
  #orphanCount = 0;
  #images = 0;
  #imagesAt: number | undefined;
  #areImagesRead = false;
  /** Where the annotations begin, if they come before the images. */
  #annotationsAt: number | undefined;

  constructor(path: string, sizeBytes: number) {
    this.#path = path;
    this.#sizeBytes = sizeBytes;
  }

  async read(file: FileHandle, signal: AbortSignal): Promise<void> {
    const name = `coco: ${this.#path}`;
    await new ElementScanner(file, name).scan({ onArray: (section, at) => this.#takerOf(section, at) }, signal);
    if (this.#imagesAt === undefined) {
      throw new SourceError("ERR_LABEL", `${name} has no list "images", so it is not a COCO file`);
    }
    this.spill ??= new Spill(this.#images, this.#sizeBytes);
    if (this.#annotationsAt === undefined) return;
    await new ElementScanner(file, name).scanArray(this.#annotationsAt, this.#annotations(), signal);
  }

  index(): CocoIndex {
    return {
      ...{ categories: this.#categories, licenses: this.#licenses, images: this.#images },
      ...{ imagesAt: this.#imagesAt as number, duplicates: this.#duplicates },
      ...{ orphans: this.#orphans, orphanCount: this.#orphanCount, spill: this.spill as Spill },
    };
  }

  #takerOf(section: string, at: number) {
    if (section === "categories")
      return { key: "", take: (element: Element) => void this.#categories.push(categoryOf(element, this.#path)) };
    if (section === "licenses")
      return { key: "", take: (element: Element) => void this.#licenses.push(fieldsOf(element, this.#path)) };
    if (section === "images") {
      if (this.#imagesAt !== undefined)
        throw new SourceError("ERR_LABEL", `coco: ${this.#path} has two lists "images"`);
      this.#imagesAt = at;
      const end = () => {
        this.#areImagesRead = true;
      };
      return { key: "id", take: (element: Element) => this.#takeImage(element), end };
    }
    if (section !== "annotations") return undefined;
    if (this.#areImagesRead) return this.#annotations();
    this.#annotationsAt = at;
    return undefined;
  }

  #takeImage(element: Element): void {
    const id = idAt(element) ?? (fieldsOf(element, this.#path).id as CocoId | undefined);
    if (id === undefined || !this.#ids.add(id, this.#images)) this.#duplicates.add(this.#images);
    this.#images += 1;
  }

  #annotations() {
    this.spill ??= new Spill(this.#images, this.#sizeBytes);
    const { spill } = this;
    const take = (element: Element) => {
      const id = idAt(element) ?? imageIdOf(element);
      const image = typeof id === "number" || typeof id === "string" ? this.#ids.find(id) : undefined;
      const { bytes, start, end, at } = element;
      if (image !== undefined) {
        spill.add(image, bytes, start, end, at);
        return;
      }
      this.#orphanCount += 1;
      if (this.#orphans.length < maxOrphans) this.#orphans.push({ at, imageId: JSON.stringify(id) ?? "no image_id" });
    };
    return { key: "image_id", take };
  }
}

/** Reads the id at the wanted key of an element. Undefined if it is not a plain number or text there. */
function idAt({ bytes, valueAt, end }: Element): CocoId | undefined {
  if (valueAt < 0) return undefined;
  let value = 0;
  let at = valueAt;
  for (; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte < 48 || byte > 57) break;
    value = value * 10 + byte - 48;
  }
  const next = bytes[at];
  const isEnd = next === 44 || next === 125 || next === 32 || next === 10 || next === 13 || next === 9;
  // A double cannot hold every longer number, and two ids must not become one.
  if (at > valueAt && isEnd) return at - valueAt < 16 ? value : bytes.toString("latin1", valueAt, at);
  if (bytes[valueAt] !== 34) return undefined;
  const close = bytes.indexOf(34, valueAt + 1);
  const text = bytes.toString("utf8", valueAt + 1, close);
  return text.includes("\\") ? undefined : text;
}

function imageIdOf(element: Element): unknown {
  try {
    return (parseJson(textOf(element)) as Fields).image_id;
  } catch {
    return undefined;
  }
}

function categoryOf(element: Element, path: string): CocoCategory {
  const { id, name, ...rest } = fieldsOf(element, path);
  if ((typeof id !== "number" && typeof id !== "string") || typeof name !== "string" || name === "") {
    throw new SourceError("ERR_LABEL", `coco: ${path}: the category at byte ${element.at} has no id and name`);
  }
  return { id, name, ...rest };
}

function fieldsOf(element: Element, path: string): Fields {
  try {
    const value = parseJson(textOf(element));
    if (isObject(value)) return value as Fields;
  } catch (error) {
    throw new SourceError(
      "ERR_LABEL",
      `coco: ${path} is not valid JSON at byte ${element.at}: ${describeError(error)}`,
    );
  }
  throw new SourceError("ERR_LABEL", `coco: ${path}: an object is expected at byte ${element.at}`);
}

/** Decodes an element. */
export function textOf({ bytes, start, end }: Element): string {
  return bytes.toString("utf8", start, end);
}
