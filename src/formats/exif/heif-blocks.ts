/** HEIC and AVIF: finds metadata among the items that the `meta` box lists. */

import { type ByteRange, joined, partOf, wholeOf } from "./byte-range.js";
import { boxesIn, boxIn } from "./iso-boxes.js";
import { exifBlock, isTiff, type MetadataBlock, Steps } from "./metadata-block.js";

/** Finds EXIF and XMP. Their items may be anywhere in the file. */
export function* heifBlocks(file: ByteRange): Generator<MetadataBlock> {
  const steps = new Steps();
  const meta = boxIn(file, "meta", steps);
  if (!meta) return;
  const boxes = new Map<string, ByteRange>();
  for (const { type, content } of boxesIn(partOf(meta, 4, meta.size - 4), steps)) boxes.set(type, content);
  const infos = boxes.get("iinf");
  const locations = boxes.get("iloc");
  if (!infos || !locations) return;
  const locationOfItem = locationsIn(new Cursor(wholeOf(locations)));
  for (const { id, kind } of itemsIn(infos, steps)) {
    const range = itemRange(locationOfItem.get(id), file, boxes.get("idat"));
    if (range) yield kind === "exif" ? exifItem(range) : { kind, range };
  }
}

/** Finds the items with metadata. */
function itemsIn(infos: ByteRange, steps: Steps): { id: number; kind: MetadataBlock["kind"] }[] {
  const items: { id: number; kind: MetadataBlock["kind"] }[] = [];
  const header = new Cursor(infos.read(0, 8));
  const start = header.uint(1) === 0 ? 6 : 8; // skips version, flags and the item count of 16 or 32 bits
  for (const { content } of boxesIn(partOf(infos, start, infos.size - start), steps)) {
    const cursor = new Cursor(content.read(0, 200));
    const version = cursor.uint(1);
    if (version < 2) continue;
    cursor.skip(3);
    const id = cursor.uint(version === 2 ? 2 : 4);
    cursor.skip(2);
    const type = cursor.text(4);
    if (type === "Exif") items.push({ id, kind: "exif" });
    else if (type === "mime" && cursor.rest().includes("application/rdf+xml")) items.push({ id, kind: "xmp" });
  }
  return items;
}

/** The location of an item: parts of the file, or of the `idat` box. */
interface ItemLocation {
  isInBox: boolean;
  parts: { offset: number; length: number }[];
}

function locationsIn(cursor: Cursor): Map<number, ItemLocation> {
  const version = cursor.uint(1);
  cursor.skip(3);
  const [offsetSize, lengthSize] = nibbles(cursor.uint(1));
  const [baseSize, lastNibble] = nibbles(cursor.uint(1));
  const indexSize = version === 0 ? 0 : lastNibble;
  const found = new Map<number, ItemLocation>();
  for (let left = cursor.uint(version < 2 ? 2 : 4); left > 0; left -= 1) {
    const id = cursor.uint(version < 2 ? 2 : 4);
    const method = version === 0 ? 0 : cursor.uint(2) & 15;
    const isElsewhere = cursor.uint(2) !== 0 || method > 1; // the data are in another file, or derived from other items
    const base = cursor.uint(baseSize);
    const parts: ItemLocation["parts"] = [];
    for (let extents = cursor.uint(2); extents > 0; extents -= 1) {
      cursor.skip(indexSize);
      parts.push({ offset: base + cursor.uint(offsetSize), length: cursor.uint(lengthSize) });
    }
    if (!isElsewhere) found.set(id, { isInBox: method === 1, parts });
  }
  return found;
}

function nibbles(byte: number): [number, number] {
  return [byte >> 4, byte & 15];
}

function itemRange(location: ItemLocation | undefined, file: ByteRange, idat?: ByteRange) {
  const container = location?.isInBox ? idat : file;
  const [first, ...others] = location?.parts ?? [];
  if (!container || !first) return undefined;
  const range = partOf(container, first.offset, first.length || container.size);
  return joined([range, ...others.map(({ offset, length }) => partOf(container, offset, length))]);
}

/** Finds the TIFF structure in an item: at the offset in the first four bytes, as the standard says, or at the start. */
function exifItem(range: ByteRange): MetadataBlock {
  const start = range.read(0, 4);
  const offset = start.length === 4 && !isTiff(start) ? 4 + start.readUInt32BE(0) : 0;
  if (isTiff(range.read(offset, 4))) return { kind: "exif", range: partOf(range, offset, range.size - offset) };
  return exifBlock(partOf(range, 4, range.size - 4));
}

/** Reads numbers of any width one after the other. The Buffer throws at its end. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  uint(width: number): number {
    const at = this.#at;
    this.#at += width;
    if (width === 8) return Number(this.#bytes.readBigUInt64BE(at));
    return width === 0 ? 0 : this.#bytes.readUIntBE(at, width);
  }

  skip(count: number): void {
    this.#at += count;
  }

  text(length: number): string {
    this.#at += length;
    return this.#bytes.toString("latin1", this.#at - length, this.#at);
  }

  rest(): string {
    return this.#bytes.toString("latin1", this.#at);
  }
}
