/** Notebooks: a report and inputs as HTML in a cell. */

import type { Input } from "../../input/input.js";
import { counted, countText, durationText } from "../../util/format/format.js";
import { jobText } from "../jobs.js";
import type { Facts } from "../page/facts.js";
import { type Html, html, name } from "../page/html.js";
import type { FailureGroup, ReasonGroup } from "../report.js";
import { type Sample, sampleOf } from "../sample.js";
import { requestTexts, targetText, undoText } from "../summary.js";
import { cardTable } from "./cards.js";
import { type Cell, table } from "./tables.js";

/** Maximum number of cards of one cell, and of a report. */
const maxCards = 100;
const maxReportCards = 12;
/** Maximum number of lines for each outcome, and of examples in a line. */
const maxGroups = 20;
const maxExamples = 3;

/** Makes the HTML of a report: counts, targets, reasons of what is not ok, and a sample of the inputs. */
export async function reportHtml(report: Facts, sample: Sample): Promise<string> {
  const { counts, conclusions, jobs, stopped } = report;
  const states = (["read", "ok", "failed", "skipped", "pending"] as const).filter(
    (state) => state !== "pending" || counts.pending > 0,
  );
  const rows = [
    ...report.failureGroups.slice(0, maxGroups).map(failureRow),
    ...report.pending.slice(0, maxGroups).map(reasonRow("pending")),
    ...report.skipped.slice(0, maxGroups).map(reasonRow("skipped")),
    ...report.noted.slice(0, maxGroups).map(reasonRow("ok")),
  ];
  const open = jobs.filter(({ state }) => state !== "done").slice(0, maxGroups);
  const notes = [
    ...factLines(report),
    ...open.map((job) => `${job.sink}: ${jobText(job)}`),
    ...conclusions.flatMap(({ stage, lines }) => lines.map((line) => `${stage}: ${line}`)),
  ];
  const cards = [...sample.inputs].sort((one, other) => (one.origin < other.origin ? -1 : 1)).slice(0, maxReportCards);
  const parts = [
    ...(stopped ? [html`<p><b>The run was stopped before the end of its source.</b></p>`] : []),
    table(states, [states.map((state) => counts[state])]),
    html`<p>${notes.map((line) => html`${line}<br>`)}</p>`,
    table(["outcome", "inputs", "reason", "examples"], rows),
    await cardTable(cards),
  ];
  return html`${parts}`.text;
}

/** Makes cards of inputs and their annotations. */
export async function inputsHtml(inputs: readonly Input[]): Promise<string> {
  const samples = inputs.slice(0, maxCards).map((input) => sampleOf(input, input.id, { state: "ok" }));
  const more = inputs.length - samples.length;
  const rest = more > 0 ? html`<p>… and ${counted(more, "more input", "more inputs")}</p>` : html``;
  return html`${await cardTable(samples)}${rest}`.text;
}

/** Returns the lines below the counts: targets, time and traffic, shard, journal and undo file. */
function factLines({ targets, counts, durationMs, traffic, shard, journal, undo }: Facts): string[] {
  const lines = targets.filter(({ name }) => name !== "").map((target) => targetText(target));
  if (counts.read === 0) lines.push("nothing was read: the source is empty");
  lines.push([`took ${durationText(durationMs)}`, ...requestTexts(traffic)].join(", "));
  if (shard) lines.push(`shard ${shard.index} of ${shard.count}`);
  if (journal) lines.push(`journal ${journal.path}: ${countText(journal.finished)} finished by earlier runs`);
  if (undo) lines.push(undoText(undo));
  return lines;
}

function failureRow({ code, stage, count, examples }: FailureGroup): Cell[] {
  const shown = examples.slice(0, maxExamples).map(({ origin, reason }, index) => {
    return html`${index === 0 ? html`` : html`<br>`}${name(origin)}: ${reason}`;
  });
  return ["failed", count, html`<code>${code}</code> (${stage})`, html`${shown}`];
}

function reasonRow(state: string): (group: ReasonGroup) => Cell[] {
  return ({ reason, count, origins }) => [state, count, reason, examplesOf(origins, count)];
}

function examplesOf(origins: readonly string[], count: number): Html {
  const shown = origins.slice(0, maxExamples).map((origin, index) => html`${index === 0 ? "" : ", "}${name(origin)}`);
  return html`${shown}${count > maxExamples && shown.length > 0 ? ", …" : ""}`;
}
