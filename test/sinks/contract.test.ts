/** The sinks of the platform keep the contract that sinks of users keep. */

import { type App, flow, fromIterable, listInputs, patch, remove, removeAnnotations, upload } from "../../src/index.js";
import { testSink } from "../../src/testing/index.js";
import { openStore } from "../helpers/store.js";

const inputs = ["a", "b", "c"].map((id) => ({ id, text: `text ${id}` }));
const boxed = inputs.map((input) => ({
  ...input,
  annotations: [{ id: `${input.id}-1`, box: [0, 0, 1, 1] as [number, number, number, number] }],
}));

async function stored(drafts = inputs): Promise<App> {
  const { app } = await openStore();
  await flow(fromIterable(drafts)).pipe(upload(app)).run();
  return app;
}

const listed = (app: App, annotations = false) => flow(listInputs(app, { annotations })).toArray();

testSink("upload", async () => {
  const { app } = await openStore();
  return { sink: upload(app), inputs, written: async () => (await listed(app)).map(({ id }) => id) };
});

testSink("patch", async () => {
  const app = await stored();
  return {
    sink: patch(app),
    inputs: inputs.map(({ id }) => ({ id, metadata: { checked: true } })),
    written: async () => (await listed(app)).filter(({ metadata }) => metadata.checked).map(({ id }) => id),
  };
});

testSink("remove", async () => {
  const app = await stored();
  return {
    sink: remove(app),
    inputs,
    written: async () => {
      const left = new Set((await listed(app)).map(({ id }) => id));
      return inputs.map(({ id }) => id).filter((id) => !left.has(id));
    },
  };
});

testSink("removeAnnotations", async () => {
  const app = await stored(boxed);
  return {
    sink: removeAnnotations(app),
    inputs: boxed,
    written: async () =>
      (await listed(app, true)).filter((input) => input.annotations.length === 0).map(({ id }) => id),
  };
});
