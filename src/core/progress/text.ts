/** Formats progress as text: one line for logs, a few lines for terminals. */

import { bytesText, counted, countText, durationText, printable, rateText } from "../util/format/format.js";
import type { ProgressEvent } from "./measure.js";

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
  return printable(`sluice: ${parts.join("; ")}`);
}

/** Formats progress in lines for a terminal: the total, the sinks, failures, and what the stages wait for. */
export function progressScreen(event: ProgressEvent, columns: number): [name: string, text: string][] {
  const { state, counts, waits } = event;
  const lines: [string, string][] = [[state === "running" ? "sluice" : state, firstLine(event, columns)]];
  lines.push(...sinksOf(event));
  if (counts.failed > 0) lines.push(["failed", failuresText(event)]);
  if (counts.pending > 0) lines.push(["pending", countText(counts.pending)]);
  for (const wait of waits) lines.push(["waits", wait]);
  return lines.map(([name, text]) => [name.padEnd(nameWidth), cut(printable(text), columns - nameWidth - 1)]);
}

const graphemes = new Intl.Segmenter();
const wide = /\p{Emoji_Presentation}|\p{sc=Han}|\p{sc=Hiragana}|\p{sc=Katakana}|\p{sc=Hangul}|[\uff01-\uff60]/u;

/** Columns of the names on the left. */
const nameWidth = 10;

/** Makes the first line. If it does not fit, leaves out the bar, then the bytes, then the rate. */
function firstLine(event: ProgressEvent, columns: number): string {
  const share = shareOf(event);
  const full = Math.round((share ?? 0) * barLength);
  const bar = share === undefined ? [] : [`${"█".repeat(full)}${"░".repeat(barLength - full)}`];
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

function doneText(event: ProgressEvent): string {
  const { counts, total } = event;
  const settled = counts.read - counts.inFlight;
  const share = shareOf(event);
  if (total === undefined || share === undefined) return counted(settled, "input");
  return `${countText(settled)} of ${counted(total, "input")} (${Math.floor(share * 100)} %)`;
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
  return sinks.map(({ name, done, underWay }, index) => {
    const parts = [`${countText(done)} done`];
    if (underWay > 0) parts.push(`${countText(underWay)} in progress`);
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

function shareOf({ counts, total }: ProgressEvent): number | undefined {
  if (total === undefined || total <= 0) return undefined;
  return Math.min(1, (counts.read - counts.inFlight) / total);
}

/** Cuts a text to a number of columns. Wide characters count as two columns, and no grapheme is split. */
function cut(text: string, columns: number): string {
  const characters = Array.from(graphemes.segment(text), ({ segment }) => segment);
  let [width, fitting] = [0, 0];
  for (const [index, character] of characters.entries()) {
    width += wide.test(character) ? 2 : 1;
    if (width > columns) return `${characters.slice(0, fitting).join("")}…`;
    if (width < columns) fitting = index + 1;
  }
  return text;
}
