/** Makes inputs of every kind with every part of a record: concepts, metadata, location, datasets, and annotations of every kind. */

import type { InputDraft } from "../../src/index.js";
import { smallContent } from "./small-contents.js";

type Annotations = NonNullable<InputDraft["annotations"]>;

const concepts = [{ id: "boat", name: "A boat", value: 1 }];
const opaque = (region_info: object) => ({ regions: [{ region_info, data: { concepts } }] }) as never;
const point = { row: 0.25, col: 0.5 };
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** Annotations of every kind that the API has, each as users write or listings return it. */
const byKind: { readonly [kind: string]: Annotations[number] } = {
  box: {
    box: [0.1, 0.2, 0.5, 0.625],
    concepts,
    info: { by: "me", nested: { list: [1, 2.5, null] } },
    statusCode: 24157,
  },
  polygon: {
    polygon: [
      [0.125, 0.125],
      [0.5, 0.125],
      [0.3, 0.7],
    ],
    concepts: [],
  },
  concepts: {
    concepts: [
      { id: "indoors", value: 0 },
      { id: "calm", value: 0.75 },
    ],
    statusCode: 24158,
  },
  scored: { box: [0.25, 0.25, 0.5, 0.5], concepts, data: { regions: [{ value: 0.875, track_id: "t1" }] } },
  point: { concepts: [], data: opaque({ point }) },
  mask: { concepts: [], data: opaque({ mask: { image: { base64: pixel } } }) },
  keypoints: { concepts: [], data: opaque({ keypoint_locations: [point, { row: 0.5, col: 0.5, visibility: 2 }] }) },
  occluded: {
    concepts: [],
    data: opaque({ polygon: { points: [point, { row: 0.5, col: 0.5, visibility: 2 }, { row: 0.75, col: 0.25 }] } }),
  },
  span: { concepts: [], data: opaque({ span: { char_start: 4, char_end: 9, raw_text: "third" } }) },
  token: { concepts: [], data: opaque({ token: { char_start: 0, char_end: 3, raw_text: "The" } }) },
  frame: {
    concepts: [],
    data: { frames: [{ frame_info: { index: 3, time: 1500 }, data: opaque({ point }) }] } as never,
  },
  segment: {
    concepts: [],
    data: {
      time_segments: [{ time_info: { num_frames: 5, begin_time: 0.5, end_time: 2 }, data: { concepts } }],
    } as never,
  },
  text: { concepts: [], data: { text: { raw: "a caption, é" } } as never },
};

const ofKind = {
  image: ["box", "polygon", "concepts", "scored", "point", "mask", "keypoints", "occluded", "text"],
  audio: ["segment", "concepts"],
  video: ["frame", "segment"],
  text: ["span", "token", "concepts"],
} as const;

/** Returns the n-th input. Of twelve in a row, one is a video, two are sounds, three are texts, and one image has a text. */
export function richInput(n: number, prefix = "r"): InputDraft {
  const kind = n % 12 === 0 ? "video" : n % 6 === 1 ? "audio" : n % 4 === 2 ? "text" : "image";
  const bytes = smallContent(kind, n);
  const names: readonly string[] = ofKind[kind];
  return {
    id: `${prefix}${n}`,
    ...(kind === "text" ? { text: bytes.toString() } : { [kind]: { bytes } }),
    ...(n % 12 === 3 ? { text: `What is\r\nshown in ${n}? ` } : {}),
    concepts:
      n % 5 === 0
        ? []
        : [
            { id: "cat", name: "A cat", value: n % 2 },
            { id: `c${n % 7}`, name: `c${n % 7}`, value: 0.5 },
          ],
    metadata:
      n % 4 === 0 ? {} : { n, big: 1e300, half: -0.5, nested: { list: [1, null, "ü", { deep: true }] }, empty: {} },
    ...(n % 3 === 0 ? { geo: { longitude: 4.4777, latitude: -51.9244 } } : {}),
    annotations: names
      .filter((_, index) => (n + index) % 3 !== 0)
      .map((name) => ({ id: `a-${name}`, ...(byKind[name] as Annotations[number]) })),
    datasets: [["train"], ["train", "best"], []][n % 3] as string[],
  };
}

/** Yields the first `count` inputs. */
export function* richInputs(count: number, prefix?: string): Generator<InputDraft> {
  for (let n = 0; n < count; n += 1) yield richInput(n, prefix);
}
