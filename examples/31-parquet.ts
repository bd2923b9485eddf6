/** Uploads the images of a Parquet file as Hugging Face's library writes it. */

import { join } from "node:path";
import { connect, flow, parquet, upload } from "sluice";

const app = await connect();
const boats = parquet(join(import.meta.dirname, "tables/boats.parquet"), { text: "caption" });
for (const { id, text, concepts, metadata } of await flow(boats).toArray()) {
  console.log(id, text, concepts.map((one) => one.id).join(), metadata);
}
console.log((await flow(boats).pipe(upload(app)).run()).summary());
await app.close();
