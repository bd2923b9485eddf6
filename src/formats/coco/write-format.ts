/** The format COCO for the folder of a dataset. */

import type { Input, Json } from "../../core/input/input.js";
import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import { sizeIn } from "../annotations/frame.js";
import type { DatasetFormat, DatasetRecord, FinishContext, Label, LabelContext } from "../dataset-folder/format.js";
import { type LossList, loseOfInput } from "../dataset-folder/losses.js";
import { CategoryList, type NumberedCategory } from "./category-list.js";
import { IdSpace } from "./id-space.js";
import { type WrittenFrame, writtenAnnotation } from "./written-annotation.js";

/** What the record of an image has: entries of the file, and categories that appear in it for the first time. */
interface CocoRecord {
  image: JsonObject;
  annotations: JsonObject[];
  categories?: NumberedCategory[];
}

/** Ids of one file. */
interface Spaces {
  images: IdSpace;
  annotations: IdSpace;
}

/** Makes the labels of COCO. One object per run, since it numbers images, annotations and categories. */
export class CocoFormat implements DatasetFormat {
  readonly plugin = "writeCoco";
  readonly format = "COCO";
  readonly identity = "coco";
  readonly #spaces = new Map<string | undefined, Spaces>();
  readonly #categories = new CategoryList();

  /** Takes the ids of an earlier run. */
  restore({ split, record }: DatasetRecord): void {
    const { image, annotations, categories } = record as unknown as CocoRecord;
    const spaces = this.#spacesOf(split);
    spaces.images.claim(image.id);
    for (const { id } of annotations) spaces.annotations.claim(id);
    this.#categories.restore(categories ?? []);
  }

  mediaFolder(split: string | undefined): string {
    return split === undefined ? "images" : `images/${split}`;
  }

  async label(input: Input, { place, picture, classes, losses, recorded }: LabelContext): Promise<Label> {
    const coco = input.metadata.coco as Json | undefined;
    const { id, captions, file_name: _, width, height, frame, ...rest } = isObject(coco) ? coco : ({} as JsonObject);
    loseOfInput(input, losses, { metadata: isObject(coco) ? ["coco"] : [] });
    const isUpright = frame === "upright" && picture.orientation > 1;
    const size = sizeIn(picture, isUpright ? "upright" : "stored");
    const written: WrittenFrame = {
      ...size,
      orientation: isUpright ? picture.orientation : 1,
      isOriginalSize: width === size.width && height === size.height,
    };
    const added: NumberedCategory[] = [];
    const entries: JsonObject[] = [];
    for (const annotation of input.annotations) {
      const one = await writtenAnnotation(annotation, written, losses);
      if (!one) continue;
      const index = classes.indexOf(one.concept);
      const category = this.#categories.idOf(index, one.category, losses, (fields) => added.push(fields));
      entries.push({ ...one.fields, category_id: category, iscrowd: one.fields.iscrowd ?? 0 });
    }
    if (Array.isArray(captions)) entries.push(...captions.filter((one) => isObject(one)));
    const before = recorded?.split === place.split ? (recorded?.record as unknown as CocoRecord) : undefined;
    const spaces = this.#spacesOf(place.split);
    const [imageId = 0] = assigned([id], before ? [before.image.id] : [], spaces.images, "image id changed", losses);
    const ids = assigned(
      entries.map((entry) => entry.id),
      before?.annotations.map((entry) => entry.id) ?? [],
      spaces.annotations,
      "annotation id changed",
      losses,
    );
    const image: JsonObject = { id: imageId, file_name: place.fileName, ...size, ...rest };
    const annotations = entries.map(
      (entry, at): JsonObject => ({ ...entry, id: ids[at] as number, image_id: imageId }),
    );
    const record = { image, annotations };
    const whole = added.length > 0 ? { ...record, categories: added } : record;
    return { record: whole as unknown as Json, facts: record };
  }

  /** Writes a file for each split, and removes that of a split which has no images any more. */
  async finish({ classes, records, writeFile }: FinishContext): Promise<void> {
    const categories = this.#categories.all(classes);
    const splits = new Set<string | undefined>();
    for await (const { split } of records()) splits.add(split);
    if (splits.size === 0) splits.add(undefined);
    for (const split of splits) {
      const name = split === undefined ? "instances" : `instances_${split}`;
      await writeFile(`annotations/${name}.json`, piecesOf(records, split, categories));
    }
  }

  #spacesOf(split: string | undefined): Spaces {
    const spaces = this.#spaces.get(split) ?? { images: new IdSpace(), annotations: new IdSpace() };
    this.#spaces.set(split, spaces);
    return spaces;
  }
}

/**
 * Gives ids to entries: the wanted one, else one that an earlier run gave to the same image, else a free one. The same entries get the same ids in every run.
 */
function assigned(
  wanted: readonly (Json | undefined)[],
  before: readonly (Json | undefined)[],
  space: IdSpace,
  what: string,
  losses: LossList,
): number[] {
  const old = new Set(before.filter((id): id is number => typeof id === "number"));
  const ids = wanted.map((id) => (typeof id === "number" && old.delete(id) ? id : undefined));
  return ids.map((id, at) => {
    if (id !== undefined) return id;
    const own = wanted[at];
    if (space.claim(own)) return own;
    if (own !== undefined) losses.add(what, JSON.stringify(own));
    const [reused] = old;
    if (reused === undefined) return space.next();
    old.delete(reused);
    return reused;
  });
}

async function* piecesOf(
  records: FinishContext["records"],
  split: string | undefined,
  categories: readonly JsonObject[],
): AsyncGenerator<string> {
  const info = { description: "Written by Sluice" };
  yield `{"info":${JSON.stringify(info)},\n"licenses":[],\n"categories":${JSON.stringify(categories)},\n"images":[`;
  let separator = "\n";
  for await (const { record, split: own } of records()) {
    if (own !== split) continue;
    yield separator + JSON.stringify((record as unknown as CocoRecord).image);
    separator = ",\n";
  }
  yield '],\n"annotations":[';
  separator = "\n";
  for await (const { record, split: own } of records()) {
    if (own !== split) continue;
    for (const annotation of (record as unknown as CocoRecord).annotations) {
      yield separator + JSON.stringify(annotation);
      separator = ",\n";
    }
  }
  yield "]}\n";
}
