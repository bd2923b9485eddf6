/** An app with everything that a flow can change, and flows that change it. */

import {
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
const box: Box = [0.1, 0.1, 0.5, 0.5];

/** Texts and images with metadata, concepts, locations, annotations and datasets. */
export function inputsToChange(count: number, pictures: readonly Uint8Array[]): InputDraft[] {
  return Array.from({ length: count }, (_, n) => {
    const bytes = pictures[n % pictures.length] as Uint8Array;
    return {
      ...{ id: `i${n}`, ...(n % 2 === 0 ? { text: `text ${n}` } : { image: { bytes } }) },
      metadata: { n, nested: { list: [n, "x"] } },
      datasets: n % 4 < 2 ? ["train"] : [],
      concepts: [{ id: "boat", value: n % 3 === 0 ? 0 : 1 }],
      ...(n % 5 === 1 ? { geo: { longitude: 10.5, latitude: 53.25 } } : {}),
      ...(n % 2 === 1 ? { annotations: [{ id: `a${n}`, box, concepts: [{ id: "mast" }], info: { by: "test" } }] } : {}),
    };
  });
}

const changed = transform((input) => ({
  ...input,
  metadata: { ...input.metadata, nested: { other: true }, added: "yes" },
  concepts: [{ id: "harbour" }],
  geo: { longitude: 1, latitude: 2 },
  datasets: ["test"],
  annotations: input.annotations.map((one) => ({ ...one, box: [0.2, 0.2, 0.9, 0.9] as Box, info: { by: "us" } })),
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
