/**
 * Text corpus: cleans reviews and notes, splits them into sentences, and drops duplicates.
 *
 * Cells begin with `// %%`. `npm run notebooks` makes text-corpus.ipynb of this file.
 */

// %% Start an emulator with a temporary store.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  batch,
  connect,
  csv,
  dedupe,
  filterInputs,
  flow,
  folder,
  jsonl,
  stripUnicode,
  tagMetadata,
  transform,
  upload,
  writeJsonl,
} from "sluice";
import { startEmulator } from "sluice/emulator";

const data = join(import.meta.dirname, "../data");
const work = await mkdtemp(join(tmpdir(), "sluice-corpus-"));
const store = await startEmulator();
const app = await connect({ baseUrl: store.url, pat: "any" });

// %% Read two sources: the rows of a table, and the files of a folder.
const sources = [csv(join(data, "reviews.csv")), folder(join(data, "notes"))];
const raw = await flow(sources).toArray();
console.log(
  `${raw.length} texts, ${raw.filter(({ text }) => /\p{Emoji_Presentation}/u.test(text ?? "")).length} with emoji`,
);

// %% Remove emoji and control characters. Letters with accents stay.
const cleaned = flow(sources).pipe(stripUnicode({ remove: ["emoji", "control"] }));
console.log(await cleaned.preview(8));

// %% Split the texts: each sentence or line becomes one input. Its id contains the start of the original id.
const sentences = transform(
  (input) => {
    const parts = (input.text ?? "").split(/(?<=[.!?])\s+|\n+/).map((part) => part.trim());
    const metadata = { ...input.metadata, from: input.id };
    return parts.map((text, n) => ({ ...input, id: `${input.id.slice(0, 44)}-${n + 1}`, text, metadata }));
  },
  { name: "sentences" },
);
const corpus = cleaned.pipe(
  sentences,
  filterInputs((input) => (input.text ?? "").length > 4),
  dedupe((input) => (input.text ?? "").toLowerCase()),
  tagMetadata((input) => ({ words: (input.text ?? "").split(/\s+/).length })),
);

// %% Preview the sentences.
console.log(await corpus.preview(12));

// %% Write the corpus to a file that people and other programs can read.
const path = join(work, "corpus.jsonl");
await corpus.pipe(writeJsonl(path)).run();
const lines = (await readFile(path, "utf8")).trim().split("\n");
console.log(
  `${lines.length} sentences, the longest with ${Math.max(...lines.map((line) => JSON.parse(line).metadata.words))} words`,
);

// %% Upload the corpus from the file.
console.log(await flow(jsonl(path)).pipe(batch(), upload(app)).run());

// %% Count the stored sentences.
console.log(`in the store: ${(await app.countInputs()).processed}`);

// %% Delete the temporary files, and close the connection and the emulator.
await rm(work, { recursive: true });
await app.close();
await store.close();
