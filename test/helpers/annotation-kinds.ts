/** Annotations of every kind that the API has, each as users write or listings return it, on the kinds of inputs that it fits. */

import type { InputDraft } from "../../src/index.js";

export type AnnotationDraft = NonNullable<InputDraft["annotations"]>[number];

const concepts = [{ id: "boat", name: "A boat", value: 1 }];
/** Data of a region that the input model does not express. */
const opaque = (region_info: object) => ({ regions: [{ region_info, data: { concepts } }] }) as never;
const point = { row: 0.25, col: 0.5 };
const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const corner = { row: 0.5, col: 0.5, visibility: 2 };

const byKind = {
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
  point: { point: [0.5, 0], concepts },
  mask: { mask: { base64: pixel }, concepts, info: { by: "a model" } },
  concepts: {
    concepts: [
      { id: "indoors", value: 0 },
      { id: "calm", value: 0.75 },
    ],
    statusCode: 24158,
  },
  scored: { box: [0.25, 0.25, 0.5, 0.5], concepts, data: { regions: [{ value: 0.875, track_id: "t1" }] } },
  keypoints: { data: opaque({ keypoint_locations: [point, corner] }) },
  occluded: { data: opaque({ polygon: { points: [point, corner, { row: 0.75, col: 0.25 }] } }) },
  caption: { data: { text: { raw: "a caption, é" } } },
  span: { span: { start: 0, end: 3, text: "The" }, concepts, info: { by: "me" } },
  bareSpan: { span: { start: 2, end: 5 }, concepts: [{ id: "calm", value: 0 }], statusCode: 24159 },
  token: { data: opaque({ token: { char_start: 0, char_end: 3, raw_text: "The" } }) },
  frame: { frame: { timeMs: 1500, index: 3 }, point: [0.5, 0.25], concepts },
  framedBox: { frame: { number: 7 }, box: [0.25, 0.25, 0.5, 0.75], concepts: [{ id: "mast", value: 0 }] },
  framedMask: { frame: { timeMs: 0 }, mask: { base64: pixel }, concepts },
  framedPolygon: {
    frame: { timeMs: 40 },
    polygon: [
      [0.1, 0.1],
      [0.5, 0.1],
      [0.3, 0.7],
    ],
  },
  segment: { timeSegment: { begin: 0.5, end: 2, frames: 5 }, concepts, statusCode: 24157 },
  silence: { timeSegment: { begin: 0, end: 0.25 }, concepts: [{ id: "wind", value: 0 }] },
  framedKeypoints: {
    data: {
      frames: [{ frame_info: { index: 4, time: 2000 }, data: opaque({ keypoint_locations: [point, corner] }) }],
    } as never,
  },
} satisfies { readonly [name: string]: AnnotationDraft };

export type AnnotationKind = keyof typeof byKind;

/** The kinds that fit each kind of input. Texts begin with "The". */
export const kindsOn = {
  image: ["box", "polygon", "concepts", "scored", "point", "mask", "keypoints", "occluded", "caption"],
  audio: ["segment", "silence", "concepts"],
  video: ["frame", "framedBox", "framedMask", "framedPolygon", "segment", "framedKeypoints"],
  text: ["span", "bareSpan", "token", "concepts"],
} satisfies { readonly [kind: string]: readonly AnnotationKind[] };

/** Returns an annotation of a kind, with the id `a-` and its kind unless another one is given. */
export function annotationOf(kind: AnnotationKind, id = `a-${kind}`): AnnotationDraft {
  return { id, ...(byKind[kind] as AnnotationDraft) };
}
