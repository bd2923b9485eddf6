/** Records what a run changes and deletes, and restores it. */

import {
  batch,
  connect,
  flow,
  fromIterable,
  listInputs,
  patch,
  planUndo,
  remove,
  tagMetadata,
  undo,
  upload,
} from "sluice";

const app = await connect();
const ids = Array.from({ length: 3 }, (_, n) => `undo-example-${n}`);
await flow(fromIterable(ids.map((id) => ({ id, text: `text of ${id}`, metadata: { stage: 1 } }))))
  .pipe(batch(), upload(app))
  .run();

const stages = async () =>
  (await flow(listInputs(app, { ids })).toArray()).map(({ id, metadata }) => `${id}: ${metadata.stage}`);

const path = "./undo-example.undo";
await flow(listInputs(app, { ids }))
  .pipe(tagMetadata({ stage: 2 }), batch(), patch(app))
  .run({ undo: path });
console.log("patched:", await stages());
const removed = await flow(listInputs(app, { ids: ids.slice(1) }))
  .pipe(batch(), remove(app))
  .run({ undo: path });
console.log("removed:", removed.summary());

console.log("would restore:", (await planUndo(app, path)).summary());
const restored = await undo(app, path);
console.log("restored:", restored.summary());
console.log("now:", await stages());

await flow(fromIterable(ids.map((id) => ({ id }))))
  .pipe(batch(), remove(app))
  .run();
await app.close();
process.exitCode = restored.exitCode;
