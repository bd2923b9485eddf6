/** Progress: tells people and programs how a run stands while it goes on. */

import type { RunContext } from "../accounting/run-context.js";
import type { Source } from "../plugin/source.js";
import type { Reporter } from "../report/reporter.js";
import { writeNotice } from "../util/notice.js";
import { harmless } from "../util/safe-callback.js";
import type { Activity } from "./health.js";
import { Meter, type ProgressEvent } from "./measure.js";
import type { Screen, Terminal } from "./terminal.js";
import { progressLine, progressScreen } from "./text.js";

export interface ProgressOptions {
  /** Whether it is shown on stderr. */
  isShown: boolean;
  onProgress?: ((event: ProgressEvent) => void) | undefined;
}

/** Programs and terminals are told this often. */
const everyMs = 250;
/** Where there is no terminal, a line is written this often. */
const lineEveryMs = 10_000;

/** Shows how a run stands; `end` shows it a last time. Without anyone to tell, there is nothing to end. */
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
  if (isShown) viewers.push(isTerminal(process.stderr) ? forTerminal(process.stderr, context) : forLog(process.stderr));
  const over = new AbortController();
  findTotal(sources, over.signal).then(
    (total) => void (meter.total = total),
    () => undefined, // without it, no time left is told
  );
  const timer = setInterval(() => {
    const event = meter.measure("running");
    for (const viewer of viewers) viewer.show(event);
  }, everyMs);
  timer.unref();
  return {
    async end(state) {
      clearInterval(timer);
      over.abort();
      const event = meter.measure(state);
      for (const viewer of viewers) await viewer.end(event);
    },
  };
}

interface Viewer {
  show(event: ProgressEvent): void;
  end(event: ProgressEvent): void | Promise<void>;
}

function forProgram(onProgress: (event: ProgressEvent) => unknown): Viewer {
  const show = harmless("onProgress", onProgress);
  return { show, end: show };
}

function forLog(stream: NodeJS.WritableStream): Viewer {
  let toldAtMs = 0;
  let toldRead = -1;
  const write = (event: ProgressEvent) => writeNotice(`${progressLine(event)}\n`, stream);
  return {
    show(event) {
      if (event.elapsedMs - toldAtMs < lineEveryMs) return;
      const { read } = event.counts;
      if (event.health === "idle" && read === toldRead) return; // a log does not grow over night
      toldAtMs = event.elapsedMs;
      toldRead = event.health === "idle" ? read : -1;
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
  loading.catch(() => undefined); // awaited at the end
  const draw = (event: ProgressEvent) =>
    screen?.draw(progressScreen(event, terminal.columns ?? 80), event.state !== "running");
  const leave = () => screen?.leave(); // a line about the signal is below it
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

/** One of no size shows nothing. */
function isTerminal(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && stream.rows > 0 && process.env.TERM !== "dumb";
}

/** How many items all sources have; undefined where one of them does not know. */
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
