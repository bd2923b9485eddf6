/** An app with everything that a flow can change, and flows that change it. */

import {
  type Annotation,
  type App,
  addAnnotations,
  batch,
  flow,
  fromIterable,
  type InputDraft,
  listAnnotations,
  listInputs,
  patch,
  patchAnnotations,
  patchConcepts,
  remove,
  removeAnnotations,
  transform,
  upload,
} from "../../src/index.js";
import { type AnnotationKind, annotationOf, kindsOn } from "./annotation-kinds.js";
import { type ContentKind, smallContent } from "./small-contents.js";

const verbs = [
  "patch",
  "patchById",
  "addAnnotations",
  "removeAnnotations",
  "patchAnnotations",
  "patchConcepts",
  "concept values",
  "replace",
  "remove",
] as const;
export type ChangeVerb = (typeof verbs)[number];
export const changeVerbs: readonly ChangeVerb[] = verbs;

type Box = [number, number, number, number];

/** Kinds of inputs and their annotations, repeated. Images are every second one. */
const series = [
  ["text", "span", "token", "bareSpan"],
  ["image", "box", "mask", "caption"],
  ["video", ...kindsOn.video],
  ["image", "polygon", "point", "scored", "concepts"],
  ["audio", "segment", "silence", "concepts"],
  ["image", "keypoints", "occluded", "mask"],
] as [ContentKind, ...AnnotationKind[]][];

/** Inputs of every kind with metadata, concepts (also of value 0), locations, several datasets, and annotations of every kind. */
export function inputsToChange(count: number, pictures: readonly Uint8Array[]): InputDraft[] {
  return Array.from({ length: count }, (_, n) => {
    const [kind, ...kinds] = series[n % series.length] as (typeof series)[number];
    const bytes = kind === "image" ? (pictures[n % pictures.length] as Uint8Array) : smallContent(kind, n);
    return {
      ...{ id: `i${n}`, ...(kind === "text" ? { text: bytes.toString() } : { [kind]: { bytes } }) },
      metadata: { n, nested: { list: [n, "x"] } },
      datasets: [[], ["train"], ["train", "best"]][n % 3] as string[],
      concepts: [{ id: "boat", value: n % 3 === 0 ? 0 : 1 }],
      ...(n % 5 === 1 ? { geo: { longitude: 10.5, latitude: 53.25 } } : {}),
      annotations: kinds.map((one, index) => annotationOf(one, index === 0 ? `a${n}` : `a${n}-${one}`)),
    };
  });
}

/** Moves each shape of an annotation, and keeps its kind. */
function moved(one: Annotation): Annotation {
  const { box, polygon, point, mask, span, frame, timeSegment } = one;
  return {
    ...{ ...one, info: { by: "us" } },
    ...(box ? { box: [0.2, 0.2, 0.9, 0.9] as Box } : {}),
    ...(polygon ? { polygon: [...polygon, [0.9, 0.9] as [number, number]] } : {}),
    ...(point ? { point: [1, 1] as [number, number] } : {}),
    ...(mask ? { concepts: [{ id: "sail", value: 1 }] } : {}),
    ...(span ? { span: { start: 1, end: 6 } } : {}),
    ...(frame ? { frame: { timeMs: 9 } } : {}),
    ...(timeSegment ? { timeSegment: { begin: 1, end: 1.5 } } : {}),
  };
}

const changed = transform((input) => ({
  ...input,
  metadata: { ...input.metadata, nested: { other: true }, added: "yes" },
  concepts: [{ id: "harbour" }],
  geo: { longitude: 1, latitude: 2 },
  datasets: ["test"],
  annotations: input.annotations.map(moved),
}));

/** Makes a flow that changes all inputs of an app which `inputsToChange` has filled with so many. */
export function changeFlow(app: App, verb: ChangeVerb, count: number) {
  const batches = batch({ maxItems: 4, maxWaitMs: 20 });
  const all = () => flow(listInputs(app, { annotations: true, datasets: true }));
  const rows = (make: (id: string) => InputDraft) => {
    return flow(fromIterable(Array.from({ length: count }, (_, n) => make(`i${n}`))));
  };
  const flows = {
    patch: () => all().pipe(changed, batches, patch(app)),
    patchById: () => {
      const row = (id: string) => ({ id, metadata: { only: id }, concepts: [{ id: "buoy" }] });
      return rows(row).pipe(batches, patch(app, { action: "overwrite" }));
    },
    addAnnotations: () => {
      const sky = { box: [0, 0, 1, 1] as Box, concepts: [{ id: "sky" }] };
      const row = (id: string) => ({ id, annotations: [sky, { ...sky, id: `a${id.slice(1)}` }] });
      return rows(row).pipe(batches, addAnnotations(app, { conflict: "replace" }));
    },
    removeAnnotations: () => all().pipe(batches, removeAnnotations(app)),
    patchConcepts: () => {
      const names = ["boat", "mast"].map((id) => ({ concepts: [{ id, name: `renamed ${id}` }] }));
      return flow(fromIterable(names)).pipe(patchConcepts(app));
    },
    patchAnnotations: () =>
      flow(listAnnotations(app)).pipe(batches, patchAnnotations(app, { status: "review denied" })),
    "concept values": () => {
      return rows((id) => ({ id, concepts: [{ id: "boat", value: 0.25 }] })).pipe(batches, patchConcepts(app));
    },
    replace: () => rows((id) => ({ id, text: `replaces ${id}` })).pipe(batches, upload(app, { conflict: "replace" })),
    remove: () => all().pipe(batches, remove(app)),
  };
  return flows[verb]();
}
