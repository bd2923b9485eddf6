/** Run-length encoded masks, as pycocotools defines them: runs of zeros and ones in turn, down the columns, from left to right. */

/** Decodes runs to one byte per pixel, row by row: 0 or 255. Returns undefined if the runs do not cover the pixels exactly. */
export function maskFromRuns(runs: readonly number[], width: number, height: number): Uint8Array | undefined {
  const pixels = new Uint8Array(width * height);
  let at = 0;
  for (const [index, run] of runs.entries()) {
    if (!Number.isInteger(run) || run < 0 || at + run > pixels.length) return undefined;
    if (index % 2 === 1) {
      for (let pixel = at; pixel < at + run; pixel += 1) {
        const column = Math.floor(pixel / height);
        pixels[(pixel - column * height) * width + column] = 255;
      }
    }
    at += run;
  }
  return at === pixels.length ? pixels : undefined;
}

/** Encodes pixels, row by row, as runs. A pixel that is not 0 is part of the mask. */
export function runsOfMask(pixels: Uint8Array, width: number, height: number): number[] {
  const runs: number[] = [];
  let isSet = false;
  let run = 0;
  for (let column = 0; column < width; column += 1) {
    for (let row = 0; row < height; row += 1) {
      if ((pixels[row * width + column] !== 0) === isSet) {
        run += 1;
        continue;
      }
      runs.push(run);
      run = 1;
      isSet = !isSet;
    }
  }
  runs.push(run);
  return runs;
}

/** Characters of the compressed form carry five bits each, and one that says whether the number goes on. */
const [bits, more, sign, firstCharacter] = [31, 32, 16, 48];

/** Decodes the compressed form. Returns undefined if it is not valid. */
export function runsOfText(text: string): number[] | undefined {
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    let value = 0;
    for (let shift = 0; ; shift += 5) {
      const code = text.charCodeAt(at) - firstCharacter;
      at += 1;
      if (!(code >= 0 && code < 64) || shift > 30) return undefined;
      value |= (code & bits) << shift;
      if ((code & more) !== 0) continue;
      if ((code & sign) !== 0 && shift < 27) value |= -1 << (shift + 5);
      break;
    }
    // From the fourth run on, the difference to the run before the last one is stored.
    runs.push(runs.length > 2 ? value + (runs.at(-2) as number) : value);
  }
  return runs;
}

/** Encodes runs in the compressed form. */
export function textOfRuns(runs: readonly number[]): string {
  let text = "";
  for (const [index, run] of runs.entries()) {
    let value = index > 2 ? run - (runs[index - 2] as number) : run;
    for (;;) {
      const code = value & bits;
      value >>= 5;
      const isLast = (code & sign) !== 0 ? value === -1 : value === 0;
      text += String.fromCharCode(firstCharacter + (isLast ? code : code | more));
      if (isLast) break;
    }
  }
  return text;
}

/** What a mask covers, in pixels. */
export interface MaskFacts {
  area: number;
  /** x, y, width and height. */
  bbox: [number, number, number, number];
}

/** Measures a mask. An empty one has a box of zeros. */
export function factsOfMask(pixels: Uint8Array, width: number, height: number): MaskFacts {
  let [area, left, top, right, bottom] = [0, width, height, -1, -1];
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      if (pixels[row * width + column] === 0) continue;
      area += 1;
      left = Math.min(left, column);
      right = Math.max(right, column);
      top = Math.min(top, row);
      bottom = row;
    }
  }
  return { area, bbox: area === 0 ? [0, 0, 0, 0] : [left, top, right - left + 1, bottom - top + 1] };
}
