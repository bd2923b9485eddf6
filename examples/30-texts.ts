/** Reads images with captions, and documents in chunks. */

import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, documents, flow, folder, splitText, upload } from "sluice";

const app = await connect();
const data = join(import.meta.dirname, "data");
const work = await mkdtemp(join(tmpdir(), "sluice-"));
try {
  const captioned = join(work, "captioned");
  await mkdir(captioned);
  await copyFile(join(data, "harbour/quay.jpg"), join(captioned, "quay.jpg"));
  await writeFile(join(captioned, "quay.txt"), "A quay in the morning, with two boats.");
  await writeFile(join(captioned, "quay.json"), JSON.stringify({ place: "Rotterdam" }));
  const pairs = flow(folder(captioned, { pairs: true }));
  for (const { text, metadata } of await pairs.toArray()) console.log(text, metadata);
  console.log((await pairs.pipe(upload(app)).run()).summary());

  const docs = join(work, "docs");
  await mkdir(docs);
  const sentences = "The harbour was calm this morning. Two boats left the quay. Nobody saw them again.";
  await writeFile(join(docs, "log.md"), `# Harbour log\n\n${sentences}\n\nIn the evening, one of them came back.\n`);
  const chunks = flow(documents(docs)).pipe(splitText({ maxChars: 60, overlap: 10 }));
  for (const { id, text, metadata } of await chunks.toArray()) console.log(id, JSON.stringify(text), metadata.chunk);
  console.log((await chunks.pipe(upload(app)).run()).summary());
} finally {
  await rm(work, { recursive: true });
}
await app.close();
