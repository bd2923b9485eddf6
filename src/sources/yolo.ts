/** Source: the images of a YOLO dataset, with their annotations. */

import { basename, relative, resolve } from "node:path";
import * as z from "zod";
import { describeError, FlowError, InputError } from "../core/errors.js";
import { folderName } from "../core/input/ids.js";
import type { InputDraft } from "../core/input/input.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { otherShard, type ReadContext, type SourceItem } from "../core/plugin/source.js";
import { DigestSet, digestOfKey } from "../core/util/digest-set.js";
import { describePicture, pictureOf } from "../formats/annotations/picture.js";
import { RegionList } from "../formats/annotations/region-list.js";
import { annotationOptionFields, idOfImage } from "../formats/annotations/source-options.js";
import { turnedBack } from "../formats/annotations/turn.js";
import { readLabel, SplitImages } from "../formats/yolo/images.js";
import { findLayout, type YoloLayout, type YoloSplit } from "../formats/yolo/layout.js";
import { addRows, type RowContext, type Task, taskOf, tasks } from "../formats/yolo/rows.js";

const optionFields = {
  /**
   * What the rows describe: "detect" (boxes), "segment" (polygons), "obb" (rotated boxes), "pose" (boxes with keypoints). Default: recognized by the lengths of the
   * rows of the first 500 images, for all files alike; rows of eight numbers count as rotated boxes if the dataset has no other rows.
   */
  task: z.enum(tasks).optional(),
  /** Reads only these splits, such as "train". Default: all. */
  splits: z.array(z.string().min(1)).min(1).optional(),
  /** Reads images that lie outside the folder of the dataset, which data.yaml or a list of images may name. Default: false. */
  allowOutside: z.boolean().default(false),
};
const Options = z.strictObject({ ...annotationOptionFields, ...optionFields });
/** Options of `yolo`. */
export type YoloOptions = OptionsOf<typeof annotationOptionFields> & OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options> & { path: string };

/** Images whose labels are read to recognize the task. */
const sampleImages = 500;

/**
 * Reads a YOLO dataset: a data.yaml (YOLOv5, YOLOv8 and later), an obj.data of Darknet, or the folder of one of them. A folder with images, labels and classes.txt is read, too.
 * Each image is an input; one without a label file, or with an empty one, has no annotations.
 *
 * The label of an image is the .txt of the same name in labels/ in place of the last images/ of its path, else beside it. Rows are boxes, polygons, rotated
 * boxes (polygons with `info.yolo.obb`), or boxes with keypoints (`info.yolo.keypoints`). A confidence behind the row is in `info.yolo.confidence`. Coordinates are about the
 * upright image, as ultralytics reads it; annotations are turned to the stored pixels.
 *
 * An image fails alone if its label cannot be read (ERR_LABEL: file and line), or a region lies outside (ERR_BOX, ERR_POLYGON; option `invalid`). A label without image is a
 * failed item (ERR_IMAGE_MISSING). An image that several splits name is read once, with a note.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE, ERR_LABEL if data.yaml or obj.data cannot be read
 * @example await flow(yolo("./coco8/data.yaml")).pipe(batch(), upload(app)).run();
 */
export const yolo = defineSource({
  name: "yolo",
  parse(path: string, options: YoloOptions = {}): Checked {
    checkPath("yolo", path);
    return { ...parseOptions("yolo", Options, options, ["splits"]), path };
  },
  from: ({ path }) => path,
  classes: async ({ path, allowOutside }) => (await findLayout(path, allowOutside)).names,
  async *read(options, { signal, isOtherShard }) {
    const layout = await findLayout(options.path, options.allowOutside);
    const task = options.task ?? taskOf(sampleOf(layout, options), layout.keypoints);
    const context = {
      ...options,
      layout,
      task,
      root: resolve(layout.root),
      folder: folderName(layout.root),
      isOtherShard,
    };
    const seen = new DigestSet();
    for (const split of layout.splits) {
      const { name, also } = split;
      const paths = pathsOf(split, options.splits);
      if (paths.length === 0) continue;
      const images = new SplitImages(layout.root, options.allowOutside);
      for (const path of paths) {
        for (const found of images.imagesOf(path)) {
          if (signal.aborted) return;
          if ("error" in found) yield found;
          else if (seen.add(digestOfKey(found.path))) {
            const notes = (also?.get(path) ?? []).map((other) => `the dataset names the image for ${other}, too`);
            yield await itemOf(found, name, { ...context, notes });
          } else yield { origin: found.path, skipped: "the dataset names this image more than once" };
        }
      }
      for (const orphan of images.orphans()) if ("error" in orphan) yield orphan;
    }
  },
});

/** Returns the paths of a split that are asked for, under its own name or that of another split. */
function pathsOf({ name, paths, also }: YoloSplit, splits: readonly string[] | undefined): readonly string[] {
  const isAsked = (path: string) => [name, ...(also?.get(path) ?? [])].some((one) => splits?.includes(one ?? ""));
  return splits ? paths.filter(isAsked) : paths;
}

function* sampleOf(layout: YoloLayout, { allowOutside, splits }: Checked): Generator<string> {
  let count = 0;
  for (const split of layout.splits) {
    const images = new SplitImages(layout.root, allowOutside);
    for (const path of pathsOf(split, splits)) {
      for (const found of images.imagesOf(path)) {
        if (count++ >= sampleImages) return;
        if ("label" in found) yield readLabel(found.label) ?? "";
      }
    }
  }
}

interface ItemContext extends Checked, Pick<ReadContext, "isOtherShard"> {
  layout: YoloLayout;
  task: Task;
  root: string;
  folder: string;
  notes: readonly string[];
}

async function itemOf(
  { path, label }: { path: string; label: string },
  split: string | undefined,
  context: ItemContext,
): Promise<SourceItem> {
  let shardKey: string | undefined;
  try {
    const { invalid, orientation, datasets, ids, root, folder, layout, task, isOtherShard } = context;
    const id = idOfImage(relative(root, path).replaceAll("\\", "/"), ids, folder);
    if (isOtherShard && typeof id === "string") {
      if (isOtherShard(id)) return { origin: path, skipped: otherShard };
      shardKey = id;
    }
    const { content } = await describePicture(path);
    const picture = await pictureOf(content);
    const list = new RegionList({ width: 1, height: 1 }, invalid);
    const rows: RowContext = { task, names: layout.names, keypoints: layout.keypoints, list };
    const text = readLabel(label);
    if (text !== undefined) addRows(text, label, rows);
    list.check();
    const isUpright = (orientation ?? "upright") === "upright" && picture.orientation > 1;
    const input: InputDraft = {
      id,
      image: content,
      annotations: isUpright ? list.annotations.map((one) => turnedBack(one, picture.orientation)) : list.annotations,
      metadata: { filename: basename(path), ...(split !== undefined && { split }) },
    };
    if (datasets.length > 0) input.datasets = datasets;
    const notes = [...context.notes, ...list.notes];
    const item: SourceItem = { origin: path, input, shardKey, ...(notes.length > 0 && { notes }) };
    return typeof ids === "function" ? item : { ...item, checked: true };
  } catch (error) {
    if (error instanceof FlowError) return { origin: path, error, shardKey };
    return { origin: path, error: new InputError("ERR_ITEM", describeError(error), { cause: error }), shardKey };
  }
}
