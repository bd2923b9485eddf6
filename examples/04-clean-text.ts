/** Cleans texts: removes emoji and control characters, drops duplicates, and splits texts into sentences. */

import { batch, connect, dedupe, flow, fromIterable, stripUnicode, transform, upload } from "sluice";

const app = await connect();
const notes = [
  { id: "note-1", text: "Calm sea 🌊 under a 🇳🇱 flag" },
  { id: "note-2", text: "Calm sea 🌊 under a 🇳🇱 flag" },
  { id: "note-3", text: "First sentence. Second sentence. Third sentence." },
];

const sentences = transform(
  (input) => {
    const parts = input.text?.match(/[^.]+\.?/g) ?? [];
    return parts.map((part, n) => ({ ...input, id: `${input.id}-${n + 1}`, text: part.trim() }));
  },
  { name: "sentences" },
);

const cleaned = flow(fromIterable(notes)).pipe(stripUnicode({ remove: ["emoji", "control"] }), dedupe(), sentences);
for (const input of await cleaned.toArray()) console.log(`${input.id}: ${input.text}`);

const report = await cleaned.pipe(batch(), upload(app)).run();
console.log(report.summary());
await app.close();
process.exitCode = report.exitCode;
