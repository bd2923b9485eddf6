/** Rows of a metadata file: their boxes, classes, text and metadata. */

import { InputError } from "../../core/errors.js";
import type { Json } from "../../core/input/input.js";
import { isObject } from "../../core/util/json/json-values.js";
import { omit } from "../../core/util/omit.js";
import type { RegionList } from "../annotations/region-list.js";

/** Columns that name the image. */
const nameColumns = ["file_name", "image_file_name"];
const labelColumns = ["label", "labels"];
const textColumns = ["text", "caption"];

/** Notes on how a row was read. */
export const rowNotes = {
  numbers: "imageFolder: classes are numbers without names; the option classes names them",
} as const;

/** Returns the file name in a row. @throws {InputError} ERR_LABEL */
export function fileNameOf(columns: Record<string, Json>, place: string): string {
  for (const column of nameColumns) {
    const name = columns[column];
    if (typeof name === "string" && name !== "") return name;
  }
  throw new InputError("ERR_LABEL", `${place} has no file_name`);
}

/** Reads the labels of an image: its boxes into `regions`, which has the unit of pixels. */
export class RowReader {
  readonly notes = new Set<string>();
  readonly #classes: readonly string[] | undefined;
  readonly #place: string;

  constructor(classes: readonly string[] | undefined, place: string) {
    this.#classes = classes;
    this.#place = place;
  }

  /** Adds `objects`: parallel lists of `bbox` ([x, y, width, height] in pixels) and `categories`, or a list of objects. @throws {InputError} ERR_LABEL */
  addObjects(objects: Json | undefined, regions: RegionList): void {
    if (objects === undefined || objects === null || objects === "") return;
    for (const [index, object] of this.#list(objects).entries()) {
      const name = `${this.#place}: object ${index}`;
      const box = object.bbox;
      const isBox = Array.isArray(box) && box.length === 4 && box.every((value) => typeof value === "number");
      if (!isBox) throw new InputError("ERR_LABEL", `${name}: bbox is not [x, y, width, height]`);
      const [x, y, width, height] = box as [number, number, number, number];
      const category = object.categories ?? object.category ?? object.label;
      const facts = Object.entries(omit(object, ["bbox", "categories", "category", "label"])).filter(
        ([, value]) => value !== null,
      );
      const info = Object.fromEntries(facts) as Record<string, Json>; // null fills the place of an object that has no such value
      const rest = {
        concepts: category === undefined || category === null ? [] : [{ id: this.#className(category, name) }],
      };
      regions.addBox(x, y, x + width, y + height, name, {
        ...rest,
        ...(Object.keys(info).length > 0 && { info: { imageFolder: info } }),
      });
    }
  }

  /** Returns the labels of the whole image. */
  concepts(columns: Record<string, Json>): { id: string }[] {
    const values = labelColumns.flatMap((column) => {
      const value = columns[column];
      return value === undefined || value === null || value === "" ? [] : Array.isArray(value) ? value : [value];
    });
    return values.map((value) => ({ id: this.#className(value, this.#place) }));
  }

  /** Makes one object of each position of parallel lists. */
  #list(objects: Json): Record<string, Json>[] {
    if (Array.isArray(objects) && objects.every(isObject)) return objects;
    if (!isObject(objects)) throw new InputError("ERR_LABEL", `${this.#place}: objects is not an object of lists`);
    const lists = Object.entries(objects);
    const { bbox } = objects;
    if (!Array.isArray(bbox)) throw new InputError("ERR_LABEL", `${this.#place}: objects has no list bbox`);
    for (const [name, list] of lists)
      if (!Array.isArray(list) || list.length !== bbox.length)
        throw new InputError(
          "ERR_LABEL",
          `${this.#place}: objects.${name} does not have the ${bbox.length} entries of objects.bbox`,
        );
    return bbox.map((_, index) =>
      Object.fromEntries(lists.map(([name, list]) => [name, (list as Json[])[index] as Json])),
    );
  }

  /** Returns the name of a class: a text, or a number that the option `classes` names. */
  #className(value: Json, name: string): string {
    if (typeof value === "string" && value !== "") return value;
    if (typeof value !== "number")
      throw new InputError("ERR_LABEL", `${name}: ${JSON.stringify(value)} is not a class`);
    if (!this.#classes) {
      this.notes.add(rowNotes.numbers);
      return String(value);
    }
    const found = this.#classes[value];
    if (found !== undefined) return found;
    throw new InputError(
      "ERR_LABEL",
      `${name}: class ${value} is not among the ${this.#classes.length} of the option classes`,
    );
  }
}

/** Returns the text of an image. */
export function textOf(columns: Record<string, Json>, column: string | undefined): string | undefined {
  for (const name of column === undefined ? textColumns : [column]) {
    const value = columns[name];
    if (typeof value === "string" && value !== "") return value;
  }
  return undefined;
}

/** Returns the columns without a meaning of their own. */
export function otherColumns(columns: Record<string, Json>, textColumn: string | undefined): Record<string, Json> {
  const text = (textColumn === undefined ? textColumns : [textColumn]).find(
    (name) => typeof columns[name] === "string" && columns[name] !== "",
  );
  const name = nameColumns.find((column) => columns[column] !== undefined);
  return omit(columns, [...labelColumns, "objects", ...[text, name].filter((one) => one !== undefined)]);
}
