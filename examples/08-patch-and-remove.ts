/** Changes stored inputs (metadata, the name of a concept), and deletes annotations and inputs. */

import {
  batch,
  connect,
  filterInputs,
  flow,
  fromIterable,
  listInputs,
  patch,
  patchConcepts,
  remove,
  removeAnnotations,
  transform,
  upload,
} from "sluice";

const app = await connect();
const mine = Array.from({ length: 3 }, (_, n) => `patch-example-${n}`);
await flow(
  fromIterable(
    mine.map((id) => ({ id, text: id, concepts: [{ id: "draft", name: "draft" }], metadata: { stage: 1 } })),
  ),
)
  .pipe(batch(), upload(app))
  .run();
const listed = () => listInputs(app, { ids: mine, annotations: true });

console.log(
  "merge:",
  (
    await flow(fromIterable(mine.map((id) => ({ id, metadata: { stage: 2 } }))))
      .pipe(batch(), patch(app))
      .run()
  ).summary(),
);
console.log(
  "remove a key:",
  (
    await flow(fromIterable([{ id: mine[0], metadata: { stage: true } }]))
      .pipe(patch(app, { action: "remove" }))
      .run()
  ).summary(),
);
console.log(
  "rename a concept:",
  (
    await flow(fromIterable([{ concepts: [{ id: "draft", name: "first draft" }] }]))
      .pipe(patchConcepts(app))
      .run()
  ).summary(),
);
for (const { id, metadata, concepts } of await flow(listed()).toArray())
  console.log(id, metadata.stage, concepts[0]?.name);

await flow(listed())
  .pipe(
    transform((input) => ({ ...input, annotations: [{ id: "mood", concepts: [{ id: "calm" }] }] })),
    filterInputs((input) => input.id === mine[1]),
    removeAnnotations(app),
  )
  .run();
const removed = await flow(listed()).pipe(batch(), remove(app)).run();
console.log("remove:", removed.summary());
await app.close();
process.exitCode = removed.exitCode;
