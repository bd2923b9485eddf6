/** Previews the first inputs of a flow after its transforms, before anything is sent. */

import { join } from "node:path";
import { take } from "rxjs";
import { annotate, batch, boundingBox, connect, flow, folder, upload } from "sluice";

const app = await connect();
const data = join(import.meta.dirname, "data");
const boats = annotate((input) => (input.image ? boundingBox([0.2, 0.4, 0.6, 0.9], "boat") : []));

console.log(
  await flow(folder(data, { labels: "folder", include: "harbour/*" }))
    .pipe(boats, batch(), upload(app))
    .preview(),
);

// `toArray()` returns a plain list; `take` keeps it short.
for (const input of await flow(folder(join(data, "notes")))
  .pipe(take(2))
  .toArray())
  console.log("only notes:", input);

await app.close();
