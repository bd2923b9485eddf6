/** Writes an image folder of Hugging Face: images in folders of splits, and metadata.jsonl in each. */

import type { Input, Json } from "../../core/input/input.js";
import { isObject } from "../../core/util/json/json-values.js";
import type { DatasetFormat, DatasetRecord, FinishContext, Label, LabelContext } from "../dataset-folder/format.js";
import { classOf, loseOfAnnotation, loseOfInput } from "../dataset-folder/losses.js";
import { shortNumber, uprightBox } from "../datasets/boxes.js";

/** Columns that have a meaning of their own. */
const reserved = new Set(["file_name", "image_file_name", "objects", "label", "labels", "text", "caption", "split"]);

/** What is recorded of an input: its columns, and its labels, whose column depends on the other inputs. */
interface Row {
  columns: Record<string, Json>;
  labels: string[];
  objects?: Record<string, Json>;
}

/** Makes the format. */
export function imageFolderFormat(): DatasetFormat {
  return {
    ...{ plugin: "writeImageFolder", format: "ImageFolder", identity: "imagefolder metadata" },
    mediaFolder: (split) => split ?? "",
    label: rowOf,
    finish: writeMetadata,
  };
}

async function rowOf(input: Input, context: LabelContext): Promise<Label> {
  const { place, losses } = context;
  const kept = Object.keys(input.metadata).filter((key) => !reserved.has(key));
  loseOfInput(input, losses, { metadata: kept, concepts: true, text: input.textUrl === undefined });
  const columns: Record<string, Json> = {};
  if (place.split !== undefined) columns.split = place.split;
  if (input.text !== undefined) columns.text = input.text;
  for (const key of kept) if (key !== "filename") columns[key] = input.metadata[key] as Json;
  const row: Row = { columns, labels: input.concepts.map((concept) => classOf(concept, losses)) };
  const objects = await objectsOf(input, context);
  if (objects) row.objects = objects;
  return { record: row as unknown as Json };
}

/** Makes the parallel lists of boxes, in upright pixels. */
async function objectsOf(
  input: Input,
  { picture, losses, classes }: LabelContext,
): Promise<Record<string, Json> | undefined> {
  const { uprightWidth: width, uprightHeight: height } = picture;
  const boxes: Json[] = [];
  const categories: Json[] = [];
  const infos: Record<string, Json>[] = [];
  for (const annotation of input.annotations) {
    loseOfAnnotation(annotation, losses, { info: ["imageFolder"] });
    const [first, ...more] = annotation.concepts;
    for (const { id } of more) losses.add("further class of a region lost", id);
    const box = await uprightBox(annotation, picture, losses);
    if (!box) continue;
    const [xMin, yMin, xMax, yMax] = box;
    boxes.push(
      [xMin * width, yMin * height, (xMax - xMin) * width, (yMax - yMin) * height].map((value) => shortNumber(value)),
    );
    const name = first && classOf(first, losses);
    if (name !== undefined) classes.indexOf(name);
    categories.push(name ?? null);
    infos.push(isObject(annotation.info?.imageFolder) ? (annotation.info.imageFolder as Record<string, Json>) : {});
  }
  if (boxes.length === 0) return undefined;
  const keys = new Set(
    infos.flatMap((info) => Object.keys(info)).filter((key) => key !== "bbox" && key !== "categories"),
  );
  return {
    bbox: boxes,
    categories,
    ...Object.fromEntries([...keys].map((key) => [key, infos.map((info) => info[key] ?? null)])),
  };
}

async function writeMetadata({ records, writeFile }: FinishContext): Promise<void> {
  const folders = new Set<string>();
  let hasSeveral = false;
  let hasLabels = false;
  let hasObjects = false;
  for await (const { mediaPath, record } of records()) {
    folders.add(folderOf(mediaPath));
    const { labels, objects } = record as unknown as Row;
    hasSeveral ||= labels.length > 1;
    hasLabels ||= labels.length > 0;
    hasObjects ||= objects !== undefined;
  }
  // All rows have the same columns, since readers infer the type of a column once.
  for (const folder of folders) {
    const lines = async function* () {
      for await (const record of records())
        if (folderOf(record.mediaPath) === folder)
          yield `${JSON.stringify(lineOf(record, { hasSeveral, hasLabels, hasObjects }))}\n`;
    };
    await writeFile(folder === "" ? "metadata.jsonl" : `${folder}/metadata.jsonl`, lines());
  }
}

function lineOf(
  { mediaPath, record }: DatasetRecord,
  has: { hasSeveral: boolean; hasLabels: boolean; hasObjects: boolean },
): Record<string, Json> {
  const { columns, labels, objects } = record as unknown as Row;
  const line: Record<string, Json> = { file_name: mediaPath.slice(mediaPath.lastIndexOf("/") + 1) };
  if (has.hasSeveral) line.labels = labels;
  else if (has.hasLabels) line.label = labels[0] ?? null;
  if (has.hasObjects) line.objects = objects ?? { bbox: [], categories: [] };
  return { ...line, ...columns };
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), 0));
}
