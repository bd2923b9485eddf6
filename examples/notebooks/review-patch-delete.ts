/**
 * Review, patch and delete: reviews stored inputs, corrects their data, and deletes some of them.
 *
 * Cells begin with `// %%`. `npm run notebooks` makes review-patch-delete.ipynb of this file.
 */

// %% Start an emulator, and upload photos with some mistakes in their data.
import { join } from "node:path";
import {
  annotate,
  batch,
  boundingBox,
  connect,
  doctor,
  filterInputs,
  flow,
  folder,
  fromIterable,
  listInputs,
  patch,
  patchConcepts,
  remove,
  tagMetadata,
  upload,
} from "sluice";
import { startEmulator } from "sluice/emulator";

const store = await startEmulator();
const app = await connect({ baseUrl: store.url, pat: "any" });
await flow(folder(join(import.meta.dirname, "../data"), { kinds: ["image"], labels: "folder" }))
  .pipe(
    tagMetadata({ checked: false, camera: "unknown" }),
    annotate(() => boundingBox([0.1, 0.5, 0.3, 0.9], "hause", { id: "first" })),
    batch(),
    upload(app),
  )
  .run();

// %% List the inputs, and find the files that are not photographs.
const all = await flow(listInputs(app, { annotations: true })).toArray();
console.log(`${all.length} inputs, drawn on them: ${all[0]?.annotations[0]?.concepts[0]?.name}`);
const unwanted = all.filter(({ metadata }) => /\.(png|webp)$/.test(String(metadata.filename)));
const names = unwanted.map(({ metadata }) => metadata.filename);
console.log(`no photographs: ${names.sort().join(", ")}`);

// %% Check the stored inputs. The misspelt concept has a line of its own in the counts of the classes.
console.log(await doctor(listInputs(app, { annotations: true })));

// %% Correct the name of the misspelt concept, once for the whole app.
const renamed = await flow(fromIterable([{ concepts: [{ id: "hause", name: "house" }] }]))
  .pipe(patchConcepts(app))
  .run();
console.log("rename:", renamed.summary());

// %% Mark all photographs as checked. A merge sends only the differences.
const photographs = filterInputs((input) => /\.jpg$/.test(String(input.metadata.filename)));
const checked = await flow(listInputs(app))
  .pipe(photographs, tagMetadata({ checked: true }), batch(), patch(app))
  .run();
console.log(checked);

// %% Enlarge one box.
const quay = all.find(({ metadata }) => metadata.filename === "quay.jpg")?.id ?? "";
const moved = {
  id: quay,
  annotations: [
    { id: "first", box: [0.1, 0.4, 0.4, 0.9] as [number, number, number, number], concepts: [{ id: "hause" }] },
  ],
};
const enlarged = await flow(fromIterable([moved]))
  .pipe(patch(app, { action: "overwrite" }))
  .run();
console.log("move:", enlarged.summary());

// %% Delete the metadata key of the unknown camera.
const forgotten = await flow(fromIterable(all.map(({ id }) => ({ id, metadata: { camera: true } }))))
  .pipe(batch(), patch(app, { action: "remove" }))
  .run();
console.log("forget:", forgotten.summary());

// %% Plan to delete the inputs that are not photographs. Check the plan first, because this flow keeps no undo file.
const others = flow(listInputs(app)).pipe(filterInputs(({ metadata }) => metadata.checked !== true));
console.log(await others.pipe(batch(), remove(app)).plan());

// %% Delete them.
const removed = await others.pipe(batch(), remove(app)).run();
console.log("delete:", removed.summary());

// %% List the remaining inputs. The server deletes in the background, so wait for it first.
while ((await app.countInputs()).processed > all.length - unwanted.length)
  await new Promise((resolve) => setTimeout(resolve, 20));
for (const { metadata, annotations } of await flow(listInputs(app, { annotations: true })).toArray()) {
  const [drawn] = annotations;
  console.log(`${metadata.filename} ${metadata.checked} ${metadata.camera} ${drawn?.concepts[0]?.name} ${drawn?.box}`);
}

// %% Close the connection and the emulator.
await app.close();
await store.close();
