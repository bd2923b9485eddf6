/** The page of a report: one self-contained HTML file without scripts, which escapes everything from inputs. */

import { hash, randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { describeError, FlowError } from "../../errors.js";
import { counted, countText } from "../../util/format/format.js";
import { jobText } from "../jobs.js";
import type { ReasonGroup } from "../report.js";
import type { Sample } from "../sample.js";
import type { SheetLog } from "../sheets/sheet-log.js";
import { sheetSections } from "../sheets/sheet-section.js";
import { ClassColours } from "./class-colours.js";
import { card } from "./contact-sheet.js";
import { type Facts, factList, nameOf } from "./facts.js";
import { failureParts, maxGroups } from "./failures.js";
import { Html, html, name } from "./html.js";
import { locationMap } from "./location-map.js";
import { style } from "./style.js";
import { tallyParts } from "./tally-tables.js";
import { throughputChart } from "./throughput-chart.js";
import { thumbnailOf } from "./thumbnails.js";

/** With fewer spans of time, a chart adds nothing to the rate. */
const leastSpans = 3;

/** Writes the page; an older page stays until the new page is complete. @throws {FlowError} ERR_FILE_UNWRITABLE */
export async function writePage(path: string, report: Facts, sample: Sample, sheets?: SheetLog): Promise<void> {
  const text = await pageOf(report, sample, sheets);
  const temporary = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new FlowError("ERR_FILE_UNWRITABLE", `report: ${path} cannot be written: ${describeError(error)}`, {
      cause: error,
    });
  }
}

/** Makes the page of a report. */
export async function pageOf(report: Facts, sample: Sample, sheets?: SheetLog): Promise<string> {
  const { durationMs, throughput, tallies } = report;
  const colours = new ClassColours(sample.inputs);
  const cards: Html[] = [];
  for (const input of sample.inputs) cards.push(card(input, await thumbnailOf(input), colours)); // one image in memory at a time
  const shown = sheets ? await sheetSections(report.sheets, sheets) : [];
  const name = nameOf(report);
  const body = [
    html`<header><h1>${name}</h1><p class="verdict ${report.ok ? "ok" : "bad"}">${headline(report)}</p></header>`,
    totals(report),
    section("What to do next", nextParts(report)),
    section("Failed", failureParts(report), report.failureGroups.length - maxGroups),
    section("Pending", report.pending.slice(0, maxGroups).map(reasonGroup), report.pending.length - maxGroups),
    section("Skipped", report.skipped.slice(0, maxGroups).map(reasonGroup), report.skipped.length - maxGroups),
    section("The run", [factList(report)]),
    section("Inputs", tallyParts(tallies)),
    section("Throughput", throughput.inputs.length < leastSpans ? [] : [throughputChart(throughput, durationMs)]),
    ...shown.map(({ title, parts }) => section(title, parts)),
    section("Jobs", jobParts(report)),
    section("Locations", sample.points.length > 0 ? [locationMap(sample.points)] : []),
    ...report.conclusions.map(({ stage, lines }) =>
      section(
        stage,
        lines.map((line) => html`<p>${line}</p>`),
      ),
    ),
    section("A sample of the inputs", cards.length > 0 ? [html`${colours.legend}<ul class="sheet">${cards}</ul>`] : []),
  ];
  return documentOf(`${name}: ${headline(report)}`, body);
}

/** Makes a whole page. Its policy allows only its own style, and pictures in the page. */
function documentOf(title: string, body: readonly Html[]): string {
  const policy = `default-src 'none'; img-src data:; style-src 'sha256-${hash("sha256", style, "base64")}'; base-uri 'none'; form-action 'none'`;
  const head = html`<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Sluice: ${title}</title><style>${new Html(style)}</style>`;
  return html`<!doctype html>\n<html lang="en"><head>${head}</head><body><main>${body}</main></body></html>\n`.text;
}

function section(name: string, parts: readonly Html[], more = 0): Html {
  if (parts.length === 0) return html``;
  const rest =
    more > 0 ? html`<p class="soft">… and ${countText(more)} more ${more === 1 ? "kind" : "kinds"}</p>` : html``;
  return html`<section><h2>${name}</h2>${parts}${rest}</section>`;
}

function headline({ counts, stopped, ok }: Facts): string {
  if (stopped) return "The run was stopped before the end of its source";
  if (counts.read === 0) return "Nothing was read: the source had no inputs";
  if (ok) return "All inputs are ok or skipped";
  const parts = [
    ...(counts.failed > 0 ? [`${countText(counts.failed)} failed`] : []),
    ...(counts.pending > 0 ? [`${countText(counts.pending)} ${counts.pending === 1 ? "is" : "are"} pending`] : []),
  ];
  if (parts.length === 0) return "An error ended the run";
  return `Of ${counted(counts.read, "input")}, ${parts.join(" and ")}`;
}

/** Jobs are folded, unless one of them is not done. */
function jobParts({ jobs }: Facts): Html[] {
  if (jobs.length === 0) return [];
  const open = jobs.some(({ state }) => state !== "done") ? html` open` : html``;
  const items = jobs.map((job) => html`<li>${job.sink}: ${jobText(job)}</li>`);
  return [
    html`<details${open}><summary>${counted(jobs.length, "job")}</summary><ul class="examples">${items}</ul></details>`,
  ];
}

function nextParts({ next }: Facts): Html[] {
  return next.length === 0
    ? []
    : [
        html`<ul class="next">${next.map((step) => html`<li>${step.charAt(0).toUpperCase()}${step.slice(1)}</li>`)}</ul>`,
      ];
}

function totals({ counts }: Facts): Html {
  const states = (["read", "ok", "failed", "skipped", "pending"] as const).filter(
    (state) => state !== "pending" || counts.pending > 0,
  );
  const items = states.map(
    (state) =>
      html`<li class="${state}${counts[state] > 0 ? " some" : ""}"><b>${countText(counts[state])}</b>${state}</li>`,
  );
  return html`<ul class="totals">${items}</ul>`;
}

function reasonGroup({ reason, count, origins }: ReasonGroup): Html {
  const named = origins.slice(0, 5).map((origin, index) => html`${index === 0 ? "" : ", "}${name(origin)}`);
  const rest = count > 5 && named.length > 0 ? ", …" : "";
  return html`<div class="group"><b>${countText(count)}</b> × ${reason}<p class="soft">${named}${rest}</p></div>`;
}
