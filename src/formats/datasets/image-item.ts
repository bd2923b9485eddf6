/** Makes the item of an image and its labels. */

import { describeError, FlowError, InputError } from "../../core/errors.js";
import { describeContent, kindError } from "../../core/input/describe.js";
import { folderName } from "../../core/input/ids.js";
import type { Annotation, Content, InputDraft, Json } from "../../core/input/input.js";
import { otherShard, type ReadContext, type SourceItem } from "../../core/plugin/source.js";
import { type Picture, pictureOf } from "../annotations/picture.js";
import { RegionList, type RegionPolicy } from "../annotations/region-list.js";
import type { IdOf } from "../annotations/source-options.js";
import { idOfImage } from "../annotations/source-options.js";
import { type DeclaredSize, type PixelFrame, pixelFrameOf, storedAnnotation } from "./frame.js";

/** Checked options that every source of a dataset has. */
export interface ItemOptions extends Pick<ReadContext, "isOtherShard"> {
  invalid: RegionPolicy;
  orientation?: "upright" | "stored" | undefined;
  ids: "folder" | "path" | IdOf;
  datasets: string[];
}

/** An image of a dataset. */
export interface DatasetImage {
  /** Path of the image, for people. */
  origin: string;
  /** Path inside the dataset, for ids and the file name. */
  relative: string;
  /** A URL is not fetched, so its size and orientation are not known. */
  content: Content;
  /** The part of the dataset that it belongs to. */
  split?: string | undefined;
}

/** What is known about an image beside its pixels. */
export interface ImageLabels {
  regions?: RegionList | undefined;
  frame?: PixelFrame | undefined;
  concepts?: InputDraft["concepts"];
  metadata?: Record<string, Json> | undefined;
  text?: string | undefined;
  notes?: Iterable<string> | undefined;
}

/** The image whose labels are read. */
export class LabeledPicture {
  readonly picture: Picture;
  readonly #options: ItemOptions;

  constructor(picture: Picture, options: ItemOptions) {
    this.picture = picture;
    this.#options = options;
  }

  /** Chooses the frame in which the label file counts. @throws {InputError} ERR_IMAGE_SIZE */
  frame(declared: DeclaredSize | undefined, name: string): PixelFrame {
    return pixelFrameOf(this.picture, declared, this.#options.orientation, name);
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
  options: ItemOptions,
  labels: (picture: LabeledPicture) => ImageLabels | Promise<ImageLabels> = () => ({}),
): Promise<SourceItem> {
  const { origin, relative, split } = image;
  let shardKey: string | undefined;
  try {
    const id = idOfImage(relative, options.ids, folderName(root));
    if (options.isOtherShard && typeof id === "string") {
      if (options.isOtherShard(id)) return { origin, skipped: otherShard };
      shardKey = id;
    }
    const content = await describedImage(image);
    const picture = "url" in content ? unknownPicture : await pictureOf(content);
    const read = await labels(new LabeledPicture(picture, options));
    const { regions, frame, concepts, metadata = {}, text, notes = [] } = read;
    regions?.check();
    const annotations: Annotation[] = regions?.annotations ?? [];
    const turned = frame ? annotations.map((annotation) => storedAnnotation(annotation, frame)) : annotations;
    const filename = relative.slice(relative.lastIndexOf("/") + 1);
    const input: InputDraft = { id, image: content };
    if (text !== undefined) input.text = text;
    if (concepts && concepts.length > 0) input.concepts = concepts;
    input.metadata = { filename, ...(split !== undefined && { split }), ...metadata };
    input.annotations = turned;
    if (options.datasets.length > 0) input.datasets = options.datasets;
    return { origin, input, shardKey, notes: [...(regions?.notes ?? []), ...notes] };
  } catch (error) {
    return { origin, error: itemError(error), shardKey };
  }
}

/** Stands for an image that is not read. */
const unknownPicture: Picture = { width: 1, height: 1, orientation: 1, uprightWidth: 1, uprightHeight: 1 };

/** Reads the header of an image. @throws {InputError} ERR_KIND_UNKNOWN for other content */
async function describedImage({ content, origin, relative }: DatasetImage): Promise<Content> {
  if ("url" in content) return content;
  const described = await describeContent(content, "image", relative);
  if (described.kind === "image") return described.content;
  throw notAnImage(described, origin);
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
