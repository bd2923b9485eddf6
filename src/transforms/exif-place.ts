/** EXIF places: reads the position in an EXIF block, and nothing else of it. */

/** Tags: of the first directory the one that leads to the GPS directory, and of that the four that make a position. */
const tags = { gps: 0x8825, latitudeRef: 1, latitude: 2, longitudeRef: 3, longitude: 4 };
const types = { ascii: 2, rational: 5, signedRational: 10 };
const entryBytes = 12;

/**
 * The position in a block, in degrees; undefined when there is none or half of one, NaN for what is divided by zero.
 *
 * Two directories are read, each once, wherever they point to, and three numbers of a coordinate, however many there are said to be.
 *
 * @throws {Error} when the block points out of itself, or a coordinate is no list of fractions
 */
export function exifPlaceOf(block: Buffer): { longitude: number; latitude: number } | undefined {
  const reader = new TiffReader(block);
  const pointer = reader.directory(reader.u32(4)).get(tags.gps);
  const gpsAt = pointer === undefined ? 0 : reader.u32(pointer + 8);
  if (gpsAt === 0) return undefined;
  const gps = reader.directory(gpsAt);
  const [latitudeRef, latitude, longitudeRef, longitude] = [
    gps.get(tags.latitudeRef),
    gps.get(tags.latitude),
    gps.get(tags.longitudeRef),
    gps.get(tags.longitude),
  ];
  if (latitude === undefined || longitude === undefined) return undefined;
  return {
    latitude: reader.degrees(latitude) * (reader.letter(latitudeRef) === "S" ? -1 : 1),
    longitude: reader.degrees(longitude) * (reader.letter(longitudeRef) === "W" ? -1 : 1),
  };
}

/** Reads TIFF in either order of bytes; Buffer throws at what lies outside. */
class TiffReader {
  readonly #block: Buffer;
  readonly #little: boolean;

  constructor(block: Buffer) {
    this.#block = block;
    this.#little = block[0] === 0x49;
  }

  u16(at: number): number {
    return this.#little ? this.#block.readUInt16LE(at) : this.#block.readUInt16BE(at);
  }

  u32(at: number): number {
    return this.#little ? this.#block.readUInt32LE(at) : this.#block.readUInt32BE(at);
  }

  /** Where the entry of each tag is. */
  directory(at: number): Map<number, number> {
    const entries = new Map<number, number>();
    const count = this.u16(at);
    for (let index = 0; index < count; index += 1) {
      const entry = at + 2 + index * entryBytes;
      entries.set(this.u16(entry), entry);
    }
    return entries;
  }

  letter(entry: number | undefined): string {
    if (entry === undefined || this.u16(entry + 2) !== types.ascii) return "";
    return String.fromCharCode(this.#block.readUInt8(this.u32(entry + 4) > 4 ? this.u32(entry + 8) : entry + 8));
  }

  /** Degrees, minutes and seconds as degrees. */
  degrees(entry: number): number {
    const type = this.u16(entry + 2);
    if (type !== types.rational && type !== types.signedRational) throw new Error(`a coordinate of type ${type}`);
    const count = Math.min(3, this.u32(entry + 4));
    const at = this.u32(entry + 8);
    let degrees = count === 0 ? Number.NaN : 0;
    for (let index = 0; index < count; index += 1) {
      const [above, below] = [this.u32(at + index * 8), this.u32(at + index * 8 + 4)];
      const value = type === types.signedRational ? (above | 0) / (below | 0) : above / below;
      degrees += value / 60 ** index;
    }
    return degrees;
  }
}
