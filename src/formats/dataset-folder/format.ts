/** The contract of a dataset format that Sluice writes: where files go, what the label of an input is, and which files complete the dataset. */

import type { Input, Json } from "../../core/input/input.js";
import type { Picture } from "../annotations/picture.js";
import type { ClassList } from "./class-list.js";
import type { Loss, LossList } from "./losses.js";

/** A format of datasets. One object per run. */
export interface DatasetFormat {
  /** Name of the sink: `writeVoc`. */
  readonly plugin: string;
  /** Name of the format for notes: `VOC`. */
  readonly format: string;
  /** Format and options that decide what the files mean. A folder keeps one identity: `yolo detect`. */
  readonly identity: string;
  /** Returns the split of an input, from its own one. Default: the same. A format that requires a split returns one. */
  splitOf?(split: string | undefined): string | undefined;
  /** Returns the folder of the image inside the dataset, with `/`; empty for the dataset's own folder. */
  mediaFolder(split: string | undefined, input: Input): string;
  /** Returns the paths of the label files inside the dataset. Their names must follow from that of the image, which is unique without its extension. */
  labelPaths?(place: Place): string[];
  /**
   * Makes the label of an input. What the format cannot express goes to `losses`. Two calls with equal inputs must return equal labels.
   *
   * @throws {InputError} for an input that the format cannot hold at all
   */
  label(input: Input, context: LabelContext): Label | Promise<Label>;
  /** Writes the files that complete the dataset, from the records. */
  finish?(folder: FinishContext): Promise<void>;
}

/** Where the files of an input are, inside the dataset, with `/`. */
export interface Place {
  split: string | undefined;
  /** Name of the image: `a.jpg`. */
  fileName: string;
  /** The name without its extension. */
  stem: string;
  /** Path of the image: `images/train/a.jpg`. */
  mediaPath: string;
}

/** What a format gets with an input. */
export interface LabelContext {
  place: Place;
  /** Size and orientation of the image. */
  picture: Picture;
  classes: ClassList;
  losses: LossList;
  /** The label that an earlier run wrote for the id, whose numbers the new one can keep. */
  recorded: DatasetRecord | undefined;
}

/** The label of an input. */
export interface Label {
  /** Texts of the label files, in the order of `labelPaths`; undefined for a file that the input does not need. */
  files?: readonly (string | undefined)[];
  /** What `finish` needs to know of the input. */
  record?: Json;
  /** What of the record counts when a later run compares it. Default: all of it. */
  facts?: Json;
}

/** What the folder records of an input that is written. */
export interface DatasetRecord {
  id: string;
  origin: string;
  split?: string | undefined;
  /** Path of the image, also if it was not copied. */
  mediaPath: string;
  /** Files that were written, with their sizes. */
  files: [path: string, sizeBytes: number][];
  /** What changes if the input or its label changes. */
  digest: string;
  record?: Json | undefined;
  lost?: Loss[] | undefined;
}

/** What a format gets to complete a dataset. */
export interface FinishContext {
  /** Path of the dataset. */
  path: string;
  /** Names of the classes, by index. */
  classes: readonly string[];
  /** Splits of the records, in the order of their first ones. */
  splits: ReadonlySet<string | undefined>;
  /** Reads the records from disk, in the order in which they were written. May be called several times. */
  records(): AsyncIterable<DatasetRecord>;
  /** Writes a file under a temporary name, and renames it when it is complete. */
  writeFile(relative: string, pieces: Iterable<string> | AsyncIterable<string>): Promise<void>;
  /** Removes a file that an earlier run wrote. */
  removeFile(relative: string): Promise<void>;
}
