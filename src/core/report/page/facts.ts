/** The facts of a run on its page: what ran, from where, to which target, when and how long. */

import { counted, countText, durationText, rateText } from "../../util/format/format.js";
import type { Report } from "../report.js";
import { sourceText, targetText, trafficText, undoText } from "../summary.js";
import { type Html, html } from "./html.js";

/** The data of a report, without its methods. */
export type Facts = Omit<Report, "summary" | "toJSON" | "writeHtml">;

/** Names a run by its first target, else by its first source: `Upload to me/photos at https://api.example.com`. */
export function nameOf({ targets, sources }: Facts): string {
  const [target, ...others] = targets.filter(({ name }) => name !== "");
  const more = others.length > 0 ? `, and ${counted(others.length, "more target")}` : "";
  const source = sources.find(({ from }) => from !== undefined) ?? sources[0];
  const from = source?.from === undefined ? "" : ` from ${source.from}`;
  if (!target) return `Run of ${source ? sourceText(source) : "a flow"}`;
  const { action, name: place } = target;
  return `${action.charAt(0).toUpperCase()}${action.slice(1)} ${place}${from}${more}`;
}

/** Makes the list of facts. Times are in UTC. */
export function factList(report: Facts): Html {
  const { sources, stages, targets, startedAt, shard, journal, deadLetters, undo } = report;
  const rows: [string, Html | string | undefined][] = [
    ["Source", lines(sources.map(sourceText))],
    ["Stages", stages.length > 0 ? stages.join(" → ") : undefined],
    ["Target", lines(targets.filter((target) => target.name !== "").map(targetText))],
    ["Started", `${startedAt.slice(0, 19).replace("T", " ")} UTC`],
    ["Duration", durationOf(report)],
    ["Traffic", trafficText(report.traffic)],
    ["Notes", notesOf(report)],
    ["Shard", shard && `${shard.index} of ${shard.count}`],
    ["Journal", journal && `${journal.path}: ${countText(journal.finished)} finished by earlier runs`],
    ["Dead letters", deadLetters],
    ["Undo file", undo && undoText(undo)],
  ];
  const shown = rows.filter(([, value]) => value !== undefined);
  return html`<dl class="facts">${shown.map(([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>`;
}

function durationOf({ counts, durationMs }: Facts): string {
  const rate = counts.read > 0 ? `, ${rateText((counts.read * 1000) / Math.max(durationMs, 1))}` : "";
  return `${durationText(durationMs)}${rate}`;
}

function lines(texts: readonly string[]): Html | undefined {
  if (texts.length === 0) return undefined;
  return html`${texts.map((text, index) => html`${index > 0 ? html`<br>` : ""}${text}`)}`;
}

function notesOf({ notes }: Facts): string | undefined {
  const texts = Object.entries(notes).map(([note, count]) => `${countText(count)} × ${note}`);
  return texts.length > 0 ? texts.join(", ") : undefined;
}
