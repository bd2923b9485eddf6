/** Progress: reports the state of a run to people and programs while it runs. */

import type { RunContext } from "../accounting/run-context.js";
import type { Source } from "../plugin/source.js";
import type { Reporter } from "../report/reporter.js";
import { jupyterKernel } from "../util/jupyter.js";
import { writeNotice } from "../util/notice.js";
import { harmless } from "../util/safe-callback.js";
import type { Activity } from "./health.js";
import { Meter, type ProgressEvent } from "./measure.js";
import { forNotebook } from "./notebook.js";
import type { Screen, Terminal } from "./terminal.js";
import { progressLine, progressScreen } from "./text.js";

export interface ProgressOptions {
  /** Whether stderr shows the progress. */
  isShown: boolean;
  onProgress?: ((event: ProgressEvent) => void) | undefined;
}

/** Interval of the events for programs and terminals. */
const everyMs = 250;
/** Interval of the lines without a terminal. */
const lineEveryMs = 10_000;

/** Starts to report the progress of a run; `end` reports a last time. Returns undefined if nobody wants reports. */
export function startProgress(
  context: RunContext,
  sources: readonly Source[],
  reporter: Reporter,
  activity: Activity,
  { isShown, onProgress }: ProgressOptions,
): { end(state: ProgressEvent["state"]): Promise<void> } | undefined {
  if (!isShown && !onProgress) return undefined;
  const meter = new Meter(context, reporter, activity);
  const viewers: Viewer[] = [];
  if (onProgress) viewers.push(forProgram(onProgress));
  if (isShown) viewers.push(viewerOf(context));
  const ended = new AbortController();
  findTotal(sources, ended.signal).then(
    (total) => void (meter.total = total),
    () => undefined, // without the total, events have no remaining time
  );
  const timer = setInterval(() => {
    const event = meter.measure("running");
    for (const viewer of viewers) viewer.show(event);
  }, everyMs);
  timer.unref();
  return {
    async end(state) {
      clearInterval(timer);
      ended.abort();
      const event = meter.measure(state);
      for (const viewer of viewers) await viewer.end(event);
    },
  };
}

interface Viewer {
  show(event: ProgressEvent): void;
  end(event: ProgressEvent): void | Promise<void>;
}

/** Returns a notebook's output, a terminal's screen, or lines for everything else. */
function viewerOf(context: RunContext): Viewer {
  const kernel = jupyterKernel();
  if (kernel) return forNotebook(kernel);
  return isTerminal(process.stderr) ? forTerminal(process.stderr, context) : forLog(process.stderr);
}

function forProgram(onProgress: (event: ProgressEvent) => unknown): Viewer {
  const show = harmless("onProgress", onProgress);
  return { show, end: show };
}

function forLog(stream: NodeJS.WritableStream): Viewer {
  let lastAtMs = 0;
  let lastRead = -1;
  const write = (event: ProgressEvent) => writeNotice(`${progressLine(event)}\n`, stream);
  return {
    show(event) {
      if (event.elapsedMs - lastAtMs < lineEveryMs) return;
      const { read } = event.counts;
      if (event.health === "idle" && read === lastRead) return; // an idle run does not fill the log
      lastAtMs = event.elapsedMs;
      lastRead = event.health === "idle" ? read : -1;
      write(event);
    },
    end: write,
  };
}

function forTerminal(terminal: Terminal, { lifecycle: { drain } }: RunContext): Viewer {
  let screen: Screen | undefined;
  const loading = import("./terminal.js").then(async ({ openScreen }) => {
    screen = await openScreen(terminal);
  });
  loading.catch(() => undefined); // `end` awaits and reports it
  const draw = (event: ProgressEvent) =>
    screen?.draw(progressScreen(event, terminal.columns ?? 80), event.state !== "running");
  const leave = () => screen?.leave(); // leaves the screen before the line about the signal is printed
  drain.addEventListener("abort", leave, { once: true });
  return {
    show: draw,
    async end(event) {
      await loading;
      drain.removeEventListener("abort", leave);
      draw(event);
    },
  };
}

/** Whether a stream is a terminal that can show lines; a terminal may have no size. */
function isTerminal(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.rows > 0 && process.env.TERM !== "dumb";
}

/** Returns the number of items of all sources; undefined if one of them does not know its own. */
async function findTotal(sources: readonly Source[], signal: AbortSignal): Promise<number | undefined> {
  if (sources.some(({ total }) => total === undefined)) return undefined;
  const totals = await Promise.all(
    sources.map(({ total }) => (typeof total === "function" ? total({ signal }) : total)),
  );
  return totals.reduce<number | undefined>(
    (sum, total) => (sum === undefined || total === undefined ? undefined : sum + total),
    0,
  );
}

export type { ProgressEvent };
