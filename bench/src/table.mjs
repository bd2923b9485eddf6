/** The results of a set as a Markdown table. */

const columns = [
  "contender",
  "wall s (min–max)",
  "CPU s",
  "peak RSS MB",
  "requests",
  "MB carried",
  "wall / TCP",
  "wall / raw",
  "wall / Sluice",
];

/** `rows` are `{ title, note }` or `{ title, name, runs }`. */
export function table(rows) {
  const wallOf = (name) => {
    const runs = rows.find((row) => row.name === name)?.runs;
    return runs?.length > 0 ? median(runs, "seconds") : undefined;
  };
  const tcp = wallOf("tcp");
  const raw = wallOf("raw");
  const sluice = wallOf("sluice");
  const lines = rows.map(({ title, note, runs }) => {
    if (note) return [title, note, ...Array(columns.length - 2).fill("–")];
    const wall = median(runs, "seconds");
    const all = runs.map((run) => run.seconds);
    return [
      title,
      `${wall.toFixed(2)} (${Math.min(...all).toFixed(2)}–${Math.max(...all).toFixed(2)})`,
      median(runs, "cpuSeconds").toFixed(2),
      (median(runs, "peakBytes") / 1e6).toFixed(0),
      median(runs, "requests").toFixed(0),
      (median(runs, "bytes") / 1e6).toFixed(0),
      ratio(wall, tcp),
      ratio(wall, raw),
      ratio(wall, sluice),
    ];
  });
  const alignment = columns.map((_, index) => (index === 0 ? "---" : "---:"));
  return [columns, alignment, ...lines].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function ratio(value, reference) {
  return reference === undefined ? "–" : `${(value / reference).toFixed(2)}×`;
}

function median(runs, field) {
  const sorted = runs.map((run) => run[field]).sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2;
}
