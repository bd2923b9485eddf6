/** Formats progress as text: one line for logs, a few lines for terminals. */

import { bytesText, counted, countText, durationText, printable, rateText } from "../util/format/format.js";
import { cut } from "./columns.js";
import { finishedOf, type ProgressEvent } from "./measure.js";

const barLength = 20;
/** Maximum number of groups of failures that a line names. */
const namedGroups = 3;

/** Formats progress on one line without colours, for files, pipes and notebooks. */
export function progressLine(event: ProgressEvent): string {
  const { state, waits } = event;
  const parts = [`${state === "running" ? "" : `${state}: `}${doneText(event)}`, paceText(event)];
  parts.push(...sinksOf(event).map(([name, text]) => `${name}: ${text}`));
  if (event.counts.failed > 0) parts.push(`failed ${failuresText(event)}`);
  if (waits.length > 0) parts.push(`waiting: ${waits.join(", ")}`);
  parts.push(...(event.next ?? []).map((step) => `next: ${step}`));
  return printable(`sluice: ${parts.join("; ")}`);
}

/** Formats progress in lines for a terminal: the total, the sinks, failures, and what the stages wait for. */
export function progressScreen(event: ProgressEvent, columns: number): [name: string, text: string][] {
  const { state, counts, waits, quietMs } = event;
  const lines: [string, string][] = [[state === "running" ? "sluice" : state, firstLine(event, columns)]];
  lines.push(...sinksOf(event));
  if (counts.failed > 0) lines.push(["failed", failuresText(event)]);
  if (counts.pending > 0) lines.push(["pending", countText(counts.pending)]);
  for (const wait of waits) if (quietMs >= quietAfterMs || !usual.test(wait)) lines.push(["waits", wait]);
  if (state !== "ended") for (const step of event.next ?? []) lines.push(["next", step]);
  return lines.map(([name, text]) => [name.padEnd(nameWidth), cut(printable(text), columns - nameWidth - 1)]);
}

/** While a run makes progress, its sources, batches and sinks wait for each other all the time. A terminal shows these waits after a pause of this length. */
const quietAfterMs = 3000;
const usual = /^(source|sink|batch)\b/;

/** Columns of the names on the left. */
const nameWidth = 10;

/** Makes the first line. If it does not fit, leaves out the bar, then the bytes, then the rate. */
function firstLine(event: ProgressEvent, columns: number): string {
  const bar = barOf(event);
  const [time = "", rate = "", ...bytes] = paceOf(event);
  const done = doneText(event);
  const texts = [
    [...bar, done, rate, ...bytes, time],
    [done, rate, ...bytes, time],
    [done, rate, time],
    [done, time],
  ].map((parts) => parts.join("  "));
  return texts.find((text) => nameWidth + 1 + text.length <= columns) ?? done;
}

/** Draws the share of the inputs that are finished, and in a lighter shade the share that is sent. */
function barOf(event: ProgressEvent): string[] {
  const { total = 0, counts, sent } = event;
  if (total <= 0) return [];
  const cells = (inputs: number) => Math.round(Math.min(1, inputs / total) * barLength);
  const [finished, both] = [cells(finishedOf(counts)), cells(sent)];
  return [`${"█".repeat(finished)}${"▒".repeat(both - finished)}${"░".repeat(barLength - both)}`];
}

/** Counts the finished inputs; while more are sent than finished, the sent ones first. */
function doneText(event: ProgressEvent): string {
  const { counts, total, sent, state } = event;
  const finished = finishedOf(counts);
  const isSending = state === "running" && sent > finished;
  const count = isSending ? sent : finished;
  const more = isSending ? `, ${countText(finished)} finished` : "";
  const verb = isSending ? " sent" : "";
  if (total === undefined || total <= 0) return `${counted(count, "input")}${verb}${more}`;
  const percent = Math.floor(Math.min(1, count / total) * 100);
  return `${countText(count)} of ${counted(total, "input")}${verb} (${percent} %)${more}`;
}

function paceText(event: ProgressEvent): string {
  const [time, ...rates] = paceOf(event);
  return [...rates, time].join(", ");
}

/** Returns the time, the rate of inputs, and, if bytes were sent or received, their rate. */
function paceOf({ state, elapsedMs, inputsPerSecond, bytesPerSecond, remainingMs }: ProgressEvent): string[] {
  const passed = `${state === "running" ? "for" : "in"} ${durationText(elapsedMs)}`;
  const time = remainingMs === undefined ? passed : `${durationText(remainingMs)} left`;
  return [time, rateText(inputsPerSecond), ...(bytesPerSecond > 0 ? [`${bytesText(bytesPerSecond)}/s`] : [])];
}

/** Makes a line for each sink. The first line has the traffic, since the sinks share their client. */
function sinksOf({ sinks, traffic }: ProgressEvent): [string, string][] {
  return sinks.map(({ name, done, underWay, accepted }, index) => {
    const parts = [`${countText(done)} done`];
    if (accepted > 0) parts.push(`${countText(accepted)} accepted`);
    if (underWay > accepted) parts.push(`${countText(underWay - accepted)} in progress`);
    if (index === 0 && traffic.requests > 0) {
      const [bytes, verb] = traffic.bytesSent > 0 ? [traffic.bytesSent, "sent"] : [traffic.bytesReceived, "received"];
      parts.push(`${bytesText(bytes)} ${verb}`, counted(traffic.requests, "request"));
      if (traffic.retries > 0) parts.push(`${countText(traffic.retries)} sent again`);
      if (traffic.throttled > 0) parts.push(`${countText(traffic.throttled)} throttled`);
    }
    return [name, parts.join(", ")];
  });
}

function failuresText({ counts, failures }: ProgressEvent): string {
  const named = failures
    .slice(0, namedGroups)
    .map(({ stage, code, count }) => `${countText(count)} × ${code} (${stage})`);
  return `${countText(counts.failed)}: ${named.join(", ")}${failures.length > namedGroups ? ", …" : ""}`;
}
