/** The page of a report: one self-contained HTML file without scripts, which escapes everything from inputs. */

import { hash, randomUUID } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { describeError, FlowError } from "../../errors.js";
import { bytesText, counted, countText, durationText, rateText } from "../../util/format/format.js";
import { jobText } from "../jobs.js";
import type { Failure, FailureGroup, ReasonGroup, Report } from "../report.js";
import type { Sample } from "../sample.js";
import type { SheetLog } from "../sheets/sheet-log.js";
import { sheetSections } from "../sheets/sheet-section.js";
import { targetText, undoText } from "../summary.js";
import { card } from "./contact-sheet.js";
import { locationMap, throughputChart } from "./drawings.js";
import { Html, html, name } from "./html.js";
import { style } from "./style.js";
import { thumbnailOf } from "./thumbnails.js";

/** The data of a report, without its methods. */
export type Facts = Omit<Report, "summary" | "toJSON" | "writeHtml">;

/** Maximum number of groups of failures or reasons on a page; further groups are counted. The first groups are unfolded. */
const maxGroups = 50;
const maxUnfolded = 8;
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
  const { counts, durationMs, throughput } = report;
  const cards: Html[] = [];
  for (const input of sample.inputs) cards.push(card(input, await thumbnailOf(input))); // one image in memory at a time
  const shown = sheets ? await sheetSections(report.sheets, sheets) : [];
  const title = `read ${countText(counts.read)} = ok ${countText(counts.ok)} + failed ${countText(counts.failed)} + skipped ${countText(counts.skipped)}`;
  const body = [
    html`<header><h1>${headline(report)}</h1>${targetParts(report)}<p class="soft">${facts(report)}</p></header>`,
    totals(report),
    section("Throughput", throughput.inputs.length < leastSpans ? [] : [throughputChart(throughput, durationMs)]),
    section(
      "Failed",
      report.failureGroups.slice(0, maxGroups).map(failureGroup),
      report.failureGroups.length - maxGroups,
    ),
    section("Pending", report.pending.slice(0, maxGroups).map(reasonGroup), report.pending.length - maxGroups),
    section("Skipped", report.skipped.slice(0, maxGroups).map(reasonGroup), report.skipped.length - maxGroups),
    ...shown.map(({ title, parts }) => section(title, parts)),
    section("Jobs", jobParts(report)),
    section("Locations", sample.points.length > 0 ? [locationMap(sample.points)] : []),
    ...report.conclusions.map(({ stage, lines }) =>
      section(
        stage,
        lines.map((line) => html`<p>${line}</p>`),
      ),
    ),
    section("A sample of the inputs", cards.length > 0 ? [html`<ul class="sheet">${cards}</ul>`] : []),
  ];
  return documentOf(title, body);
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
  const open = counts.failed + counts.pending;
  return ok
    ? "All inputs are ok or skipped"
    : `${countText(open)} of ${counted(counts.read, "input")} failed or ${open === 1 ? "is" : "are"} pending`;
}

function targetParts({ targets }: Facts): Html[] {
  return targets.filter(({ name }) => name !== "").map((target) => html`<p>${targetText(target)}</p>`);
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

function facts({ counts, shard, durationMs, traffic, notes, journal, undo }: Facts): string {
  const parts = [durationText(durationMs)];
  if (counts.read > 0) parts.push(rateText((counts.read * 1000) / Math.max(durationMs, 1)));
  if (traffic.requests > 0) {
    parts.push(counted(traffic.requests, "request"), `${bytesText(traffic.bytesSent)} sent`);
    parts.push(`${bytesText(traffic.bytesReceived)} received`);
  }
  if (traffic.retries > 0) parts.push(`${counted(traffic.retries, "request")} sent again`);
  if (traffic.throttled > 0) parts.push(`${countText(traffic.throttled)} throttled`);
  for (const [note, count] of Object.entries(notes)) parts.push(`${countText(count)} ${note}`);
  parts.push(`written ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`);
  if (shard) parts.push(`shard ${shard.index} of ${shard.count}`);
  if (journal) parts.push(`journal ${journal.path}: ${countText(journal.finished)} finished by earlier runs`);
  if (undo) parts.push(`undo: ${undoText(undo)}`);
  return parts.join(" · ");
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

function failureGroup({ code, stage, count, examples }: FailureGroup, index: number): Html {
  const open = index < maxUnfolded ? html` open` : html``;
  const retryable = examples.every((failure) => failure.retryable) ? ", may succeed later" : "";
  return html`<details${open}><summary><b>${countText(count)}</b> × <code>${code}</code> <span class="soft">in ${stage}${retryable}</span></summary><ul class="examples">${examples.map(example)}</ul></details>`;
}

function example({ origin, reason }: Failure): Html {
  return html`<li><b>${name(origin)}</b> <span>${reason}</span></li>`;
}

function reasonGroup({ reason, count, origins }: ReasonGroup): Html {
  const named = origins.slice(0, 5).map((origin, index) => html`${index === 0 ? "" : ", "}${name(origin)}`);
  const rest = count > 5 && named.length > 0 ? ", …" : "";
  return html`<div class="group"><b>${countText(count)}</b> × ${reason}<p class="soft">${named}${rest}</p></div>`;
}
