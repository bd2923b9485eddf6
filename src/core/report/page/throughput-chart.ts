/** Draws the throughput of a run over time. */

import { counted, durationText, rateText } from "../../util/format/format.js";
import type { Throughput } from "../throughput.js";
import { type Html, html } from "./html.js";

const chart = { width: 720, height: 170, top: 30, bottom: 30 };

/** Draws the inputs a second, with a bar for each span. */
export function throughputChart({ spanMs, inputs }: Throughput, durationMs: number): Html {
  const { width, height, top, bottom } = chart;
  const lengthMs = inputs.length === 1 ? Math.max(durationMs, 1) : spanMs;
  const rates = inputs.map((count) => (count * 1000) / lengthMs);
  const highest = Math.max(...rates, 0.1);
  const step = width / Math.max(inputs.length, 1);
  const floor = height - bottom;
  const bars = rates.map((rate, n) => {
    const tall = (rate / highest) * (floor - top);
    const title = `${durationText(n * spanMs)}: ${rateText(rate)}, ${counted(inputs[n] ?? 0, "input")}`;
    return html`<rect x="${n * step}" y="${floor - tall}" width="${Math.max(step - 1, 0.5)}" height="${tall}"><title>${title}</title></rect>`;
  });
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="inputs a second over time, at most ${rateText(highest)}"><line x1="0" x2="${width}" y1="${top}" y2="${top}"/><line x1="0" x2="${width}" y1="${floor}" y2="${floor}"/>${bars}<text x="0" y="22">${rateText(highest)}</text><text x="0" y="${height - 6}">0</text><text x="${width}" y="${height - 6}" text-anchor="end">${durationText(durationMs)}</text></svg>`;
}
