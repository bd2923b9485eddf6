/** A text corpus: reviews and notes, cleaned, split into sentences, freed of doubles. Cells begin with `// %%`. */

// %% A store that goes away with this script.
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

// %% Two sources side by side: rows of a table, and files of a folder.
const sources = [csv(join(data, "reviews.csv")), folder(join(data, "notes"))];
const raw = await flow(sources).toArray();
console.log(
  `${raw.length} texts, ${raw.filter(({ text }) => /\p{Emoji_Presentation}/u.test(text ?? "")).length} with emoji`,
);

// %% Emoji and control characters go; letters with accents stay.
const cleaned = flow(sources).pipe(stripUnicode({ remove: ["emoji", "control"] }));
for (const { text } of await cleaned.toArray()) console.log(JSON.stringify(text));

// %% A sentence, or a line, is one input; its id says where it came from.
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

// %% To a file first, to be read by people and by other programs.
const path = join(work, "corpus.jsonl");
console.log((await corpus.pipe(writeJsonl(path)).run()).summary());
const lines = (await readFile(path, "utf8")).trim().split("\n");
console.log(
  `${lines.length} sentences, the longest with ${Math.max(...lines.map((line) => JSON.parse(line).metadata.words))} words`,
);

// %% And from the file into the store.
const report = await flow(jsonl(path)).pipe(batch(), upload(app)).run();
console.log(report.summary());
console.log(`in the store: ${(await app.countInputs()).processed}`);

// %% The end.
await rm(work, { recursive: true });
await app.close();
await store.close();
process.exitCode = report.exitCode;
