/** Measures every contender on every set in several rounds, and prints a table for each set. */

import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { contenders } from "./contenders.mjs";
import { makeSet, sets } from "./data.mjs";
import { openLink } from "./link.mjs";
import { run } from "./run.mjs";
import { table } from "./table.mjs";

const { values } = parseArgs({
  options: {
    verb: { type: "string", default: "upload" },
    sets: { type: "string" },
    only: { type: "string" },
    rounds: { type: "string", default: "5" },
    link: { type: "string" },
    "delay-ms": { type: "string", default: "0" },
  },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: a number from 1 up is wanted`);
const verb = values.verb;
if (!(verb in contenders)) throw new Error(`--verb ${verb}: known are ${Object.keys(contenders).join(", ")}`);
const setNames = namesIn("sets", Object.keys(sets));
const wanted = namesIn(
  "only",
  contenders[verb].map(({ name }) => name),
);
if (!existsSync(new URL("../../dist/index.js", import.meta.url))) {
  throw new Error("Sluice is not built: run `npm run build` in the folder above");
}
if (!existsSync(new URL("../node_modules", import.meta.url))) {
  throw new Error("the other contenders are not installed: run `npm ci` in bench/");
}

function namesIn(option, known) {
  const names = values[option]?.split(",") ?? known;
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--${option} ${unknown}: known are ${known.join(", ")}`);
  return names;
}

const delayMs = Number(values["delay-ms"]);
const link = values.link === undefined ? undefined : openLink(values.link, delayMs);

const notes = {
  upload: `Of the raw limit, wall and CPU time are of the posting alone. Requests and bytes are counted by the server: HTTP bodies,
gRPC messages with their 5 bytes of framing; no headers. gRPC carries the files as bytes, HTTP as base64. The SDK makes three more
requests for each batch: it asks for the job, lists the inputs, and deletes those that failed.`,
  download: `Of the raw limit, wall and CPU time are of the getting alone. Requests are counted by the server, with those of the listing;
bytes are those of the files.`,
};

async function measure(setName) {
  const set = sets[setName];
  const path = makeSet(setName);
  const rows = contenders[verb]
    .filter(({ name }) => wanted.includes(name))
    .map((contender) => {
      const { title, name, cannot } = contender;
      return { title, name, contender, runs: [], note: cannot[setName] && `skipped: ${cannot[setName]}` };
    });
  for (let round = 1; round <= rounds; round += 1) {
    for (const row of rows.filter(({ note }) => note === undefined)) {
      const result = await run(verb, row.contender, set, path, link);
      if (result.failed) row.note = `failed: ${result.failed}`;
      else row.runs.push(result);
      process.stderr.write(
        `${setName} ${round}/${rounds} ${row.name}: ${result.failed ?? `${result.seconds.toFixed(2)} s`}\n`,
      );
    }
  }
  console.log(`\n### ${set.title}\n\n${table(rows)}`);
}

console.log(
  `Node ${process.version}, ${cpus().length} cores, medians of ${rounds} rounds${link ? `, over a link of ${values.link}${delayMs > 0 ? ` with ${2 * delayMs} ms there and back` : ""}` : ""}.`,
);
for (const setName of setNames) await measure(setName);
console.log(`
Wall time is that of the whole process, its start included. CPU time and peak RSS are of the contender's process; the server is
another. ${notes[verb]}`);
