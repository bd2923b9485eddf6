/** Makes the item of an image and its labels. */

import { describeError, FlowError, InputError } from "../../core/errors.js";
import { describeContent, kindError } from "../../core/input/describe.js";
import { folderName, idFromPath, idOfContent } from "../../core/input/ids.js";
import type { Annotation, InputDraft, Json, ReadableContent } from "../../core/input/input.js";
import type { SourceItem } from "../../core/plugin/source.js";
import { type Picture, pictureOf } from "../annotations/picture.js";
import { RegionList } from "../annotations/region-list.js";
import { idOfPath } from "../files/file-item.js";
import { type DeclaredSize, type Frame, frameOf, storedAnnotation } from "./frame.js";
import type { DatasetOptions } from "./options.js";

/** An image of a dataset. */
export interface DatasetImage {
  /** Path of the image, for people. */
  origin: string;
  /** Path inside the dataset, for ids and the file name. */
  relative: string;
  content: ReadableContent;
  /** The part of the dataset that it belongs to. */
  split?: string | undefined;
}

/** What is known about an image beside its pixels. */
export interface ImageLabels {
  regions?: RegionList | undefined;
  frame?: Frame | undefined;
  concepts?: InputDraft["concepts"];
  metadata?: Record<string, Json> | undefined;
  text?: string | undefined;
  notes?: Iterable<string> | undefined;
}

/** The image whose labels are read. */
export class LabeledPicture {
  readonly picture: Picture;
  readonly #options: DatasetOptions;

  constructor(picture: Picture, options: DatasetOptions) {
    this.picture = picture;
    this.#options = options;
  }

  /** Chooses the frame in which the label file counts. @throws {InputError} ERR_IMAGE_SIZE */
  frame(declared: DeclaredSize | undefined, name: string): Frame {
    return frameOf(this.picture, declared, this.#options.orientation, name);
  }

  /** Makes the list of regions; coordinates have the unit of `size`. */
  regions(size: { width: number; height: number }): RegionList {
    return new RegionList(size, this.#options.invalid);
  }
}

/**
 * Makes the item of an image. `labels` reads what is known about it, and may throw an InputError, which fails the image.
 *
 * @param root the folder of the dataset, for ids.
 */
export async function imageItem(
  image: DatasetImage,
  root: string,
  options: DatasetOptions,
  labels: (picture: LabeledPicture) => ImageLabels | Promise<ImageLabels> = () => ({}),
): Promise<SourceItem> {
  const { origin, relative, split } = image;
  try {
    const described = await describeContent(image.content, "image", relative);
    if (described.kind !== "image") throw notAnImage(described, origin);
    const { content } = described;
    const read = await labels(new LabeledPicture(await pictureOf(content), options));
    const { regions, frame, concepts, metadata = {}, text, notes = [] } = read;
    regions?.check();
    const annotations: Annotation[] = regions?.annotations ?? [];
    const turned = frame ? annotations.map((annotation) => storedAnnotation(annotation, frame)) : annotations;
    const filename = relative.slice(relative.lastIndexOf("/") + 1);
    const input: InputDraft = { id: await idOf(image, root, options), image: content };
    if (text !== undefined) input.text = text;
    if (concepts && concepts.length > 0) input.concepts = concepts;
    input.metadata = { filename, ...(split !== undefined && { split }), ...metadata };
    input.annotations = turned;
    if (options.datasets.length > 0) input.datasets = options.datasets;
    const sameId = options.ids === "content" ? "duplicate" : undefined;
    return { origin, input, sameId, notes: [...(regions?.notes ?? []), ...notes] };
  } catch (error) {
    return { origin, error: itemError(error) };
  }
}

async function idOf({ relative, content }: DatasetImage, root: string, { ids }: DatasetOptions): Promise<string> {
  if (typeof ids === "function") return ids(relative);
  if (ids === "content") return idOfContent(content);
  return idOfPath(relative, { ids, folderName: folderName(root) }) ?? idFromPath(relative);
}

/** Returns the error that fails an item: an error of Sluice unchanged, another one with its text. */
export function itemError(error: unknown): Error {
  if (error instanceof FlowError) return error;
  const isFromSystem = error instanceof Error && "syscall" in error;
  return new InputError(isFromSystem ? "ERR_FILE_UNREADABLE" : "ERR_LABEL", describeError(error), { cause: error });
}

function notAnImage(described: Parameters<typeof kindError>[0], origin: string): InputError {
  if (described.kind === undefined) return kindError(described, origin);
  return new InputError("ERR_KIND_UNKNOWN", `${origin} is ${described.kind}, and the dataset says that it is an image`);
}
