/** Writes Pascal VOC: an XML file an image, and the lists of splits. */

import type { Input, Json } from "../../core/input/input.js";
import { isObject } from "../../core/util/json/json-values.js";
import type { DatasetFormat, FinishContext, Label, LabelContext } from "../dataset-folder/format.js";
import { classOf, loseOfAnnotation, loseOfInput } from "../dataset-folder/losses.js";
import { type Box, shortNumber, uprightBox } from "../datasets/boxes.js";
import { elementsOf, escapeXml } from "../xml/write.js";

/** How coordinates are written. */
export interface VocWriting {
  pixels: "one-based" | "zero-based";
  /** Whether coordinates are rounded to whole pixels. */
  rounded: boolean;
}

/** An object of the XML file. */
interface VocObject {
  name: string;
  box: Box;
  info: Record<string, Json>;
  parts: VocObject[];
}

/** Elements that readers expect in every object. */
const defaults: Record<string, Json> = { pose: "Unspecified", truncated: 0, difficult: 0 };
/** Keys of `info.voc` that stand for the order of elements. */
const structural = new Set(["object", "partOf", "bndbox"]);
/** Lists of images that other lists contain. */
const listsFolder = "ImageSets/Main";

/** Makes the format for one run. */
export function vocFormat(writing: VocWriting): DatasetFormat {
  return {
    ...{ plugin: "writeVoc", format: "VOC" },
    identity: `voc ${writing.pixels}${writing.rounded ? " rounded" : ""}`,
    mediaFolder: () => "JPEGImages",
    labelPaths: ({ stem }) => [`Annotations/${stem}.xml`],
    label: (input, context) => labelOf(input, context, writing),
    finish: writeLists,
  };
}

async function labelOf(input: Input, context: LabelContext, writing: VocWriting): Promise<Label> {
  const { picture, losses, place } = context;
  loseOfInput(input, losses, { metadata: ["voc"] });
  const objects = await objectsOf(input, context);
  const facts = isObject(input.metadata.voc) ? input.metadata.voc : {};
  const lose = (name: string) => losses.add("metadata lost", `voc: ${name}`);
  const { depth = 3, filename: _, sets, ...rest } = facts as Record<string, Json>;
  if (Array.isArray(sets) && sets.some((set) => set !== place.split)) losses.add("further split lost", sets.join(", "));
  const unit = {
    width: picture.uprightWidth,
    height: picture.uprightHeight,
    writing,
    lose: (name: string) => losses.add("annotation info lost", name),
  };
  const boxes = objects.flatMap((object) => [...objectLines("object", object, "\t", unit)]);
  if (writing.rounded && objects.some(({ box }) => isBetweenPixels(box, unit))) losses.add("box rounded to pixels");
  const lines = [
    `<annotation pixels="${writing.pixels}">\n`,
    ...("folder" in rest ? [] : ["\t<folder>JPEGImages</folder>\n"]),
    `\t<filename>${escapeXml(place.fileName)}</filename>\n`,
    ...Object.entries(rest).flatMap(([name, value]) => [...elementsOf(name, value as Json, "\t", lose)]),
    ...elementsOf("size", { width: unit.width, height: unit.height, depth: depth as Json }, "\t", lose),
    ...("segmented" in rest ? [] : ["\t<segmented>0</segmented>\n"]),
    ...boxes,
    "</annotation>\n",
  ];
  return { files: [lines.join("")] };
}

/** Makes the objects of an input. Parts of an object lie inside of it. */
async function objectsOf(input: Input, { picture, losses, classes }: LabelContext): Promise<VocObject[]> {
  const objects: VocObject[] = [];
  const byNumber = new Map<Json, VocObject>();
  const parts: [Json, VocObject][] = [];
  for (const annotation of input.annotations) {
    loseOfAnnotation(annotation, losses, { info: ["voc"] });
    const [first, ...more] = annotation.concepts;
    for (const { id } of more) losses.add("further class of a region lost", id);
    const box = await uprightBox(annotation, picture, losses);
    if (!box) continue;
    if (!first) {
      losses.add("region without a class lost", box.join(", "));
      continue;
    }
    const name = classOf(first, losses);
    const own = annotation.info?.voc;
    const info = isObject(own) ? (own as Record<string, Json>) : {};
    const object: VocObject = { name, box, info, parts: [] };
    if (info.partOf !== undefined) parts.push([info.partOf, object]);
    else {
      classes.indexOf(name);
      objects.push(object);
      if (info.object !== undefined) byNumber.set(info.object, object);
    }
  }
  for (const [number, part] of parts) {
    const owner = byNumber.get(number);
    if (owner) owner.parts.push(part);
    else {
      classes.indexOf(part.name);
      objects.push(part);
      losses.add("object of a part lost", part.name);
    }
  }
  return objects;
}

interface Unit {
  width: number;
  height: number;
  writing: VocWriting;
  lose(name: string): void;
}

function* objectLines(
  element: string,
  { name, box, info, parts }: VocObject,
  indent: string,
  unit: Unit,
): Generator<string> {
  const inner = `${indent}\t`;
  yield `${indent}<${element}>\n${inner}<name>${escapeXml(name)}</name>\n`;
  const facts = element === "object" ? { ...defaults, ...info } : info;
  for (const [key, value] of Object.entries(facts))
    if (!structural.has(key)) yield* elementsOf(key, value, inner, unit.lose);
  const [xMin, yMin, xMax, yMax] = sidesOf(box, unit);
  yield `${inner}<bndbox>\n${inner}\t<xmin>${xMin}</xmin>\n${inner}\t<ymin>${yMin}</ymin>\n${inner}\t<xmax>${xMax}</xmax>\n${inner}\t<ymax>${yMax}</ymax>\n${inner}</bndbox>\n`;
  for (const part of parts) yield* objectLines("part", part, inner, unit);
  yield `${indent}</${element}>\n`;
}

/** Returns the sides of a box as texts. A whole number of zero-based pixels gets a decimal, by which readers tell it from one-based ones. */
function sidesOf(box: Box, { width, height, writing }: Unit): [string, string, string, string] {
  const first = writing.pixels === "one-based" ? 1 : 0;
  const text = (value: number): string => {
    const number = shortNumber(value, writing.rounded ? 0 : 6);
    return first === 0 && !writing.rounded && Number.isInteger(number) ? `${number}.0` : String(number);
  };
  const [xMin, yMin, xMax, yMax] = box;
  return [text(xMin * width + first), text(yMin * height + first), text(xMax * width), text(yMax * height)];
}

function isBetweenPixels(box: Box, { width, height }: Unit): boolean {
  return box.some((share, index) => {
    const pixels = share * (index % 2 === 0 ? width : height);
    return Math.abs(pixels - Math.round(pixels)) > 1e-6;
  });
}

/** Writes a list of the images of each split, and the classes in the dialect of CVAT. */
async function writeLists({ records, classes, writeFile, removeFile }: FinishContext): Promise<void> {
  const splits = new Set<string>();
  for await (const { split } of records()) if (split !== undefined) splits.add(split);
  for (const split of splits) {
    const lines = async function* () {
      for await (const record of records()) if (record.split === split) yield `${stemOf(record.mediaPath)}\n`;
    };
    await writeFile(`${listsFolder}/${split}.txt`, lines());
  }
  const canHold = classes.length > 0 && classes.every((name) => !/[:\r\n]|^#|^background$/.test(name));
  if (canHold)
    await writeFile("labelmap.txt", [
      "# label:color_rgb:parts:actions\n",
      "background:0,0,0::\n",
      ...classes.map((name) => `${name}:::\n`),
    ]);
  else await removeFile("labelmap.txt");
}

function stemOf(path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.slice(0, name.lastIndexOf("."));
}
