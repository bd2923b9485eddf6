/** Reviews stored inputs, corrects their data, and deletes some of them. Cells begin with `// %%`. */

// %% Start an emulator, and upload photos with some mistakes in their data.
import { join } from "node:path";
import {
  annotate,
  batch,
  boundingBox,
  connect,
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
console.log(
  `no photographs: ${unwanted
    .map(({ metadata }) => metadata.filename)
    .sort()
    .join(", ")}`,
);

// %% Correct the name of a misspelt concept, once for the whole app.
const renamed = await flow(fromIterable([{ concepts: [{ id: "hause", name: "house" }] }]))
  .pipe(patchConcepts(app))
  .run();
console.log("rename:", renamed.summary());

// %% Mark all photographs as checked, and enlarge one box. A merge sends only the differences.
const photographs = filterInputs((input) => /\.jpg$/.test(String(input.metadata.filename)));
const checked = await flow(listInputs(app))
  .pipe(photographs, tagMetadata({ checked: true }), batch(), patch(app))
  .run();
console.log("check:", checked.summary());
const quay = all.find(({ metadata }) => metadata.filename === "quay.jpg")?.id ?? "";
const moved = {
  id: quay,
  annotations: [
    { id: "first", box: [0.1, 0.4, 0.4, 0.9] as [number, number, number, number], concepts: [{ id: "hause" }] },
  ],
};
console.log(
  "move:",
  (
    await flow(fromIterable([moved]))
      .pipe(patch(app, { action: "overwrite" }))
      .run()
  ).summary(),
);

// %% Delete the metadata key of the unknown camera.
const forgotten = fromIterable(all.map(({ id }) => ({ id, metadata: { camera: true } })));
console.log(
  "forget:",
  (
    await flow(forgotten)
      .pipe(batch(), patch(app, { action: "remove" }))
      .run()
  ).summary(),
);

// %% Delete the inputs that are not photographs. Count them first, because a deletion cannot be undone.
const others = flow(listInputs(app)).pipe(filterInputs(({ metadata }) => metadata.checked !== true));
console.log("to be deleted:", (await others.toArray()).length);
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
process.exitCode = removed.exitCode;
