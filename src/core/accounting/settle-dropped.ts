/** What operators dropped, of sources that wait for an outcome: settled as soon as nothing refers to it, and not only when the run ends. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { RunContext } from "./run-context.js";
import type { Tracking } from "./tracking.js";

/** The reason of an input that an operator dropped. */
export const droppedByOperator = "dropped by an operator";

/** Inputs that are held by no stage and have no outcome are looked for after this long without any other. */
const quietMs = 500;

/** An input in flight, without what refers to itself. */
interface Flight {
  context: RunContext;
  sequence: number;
  origin: string;
  kept: Tracking | undefined;
}

/** What can be reached no more can be settled no more. */
const dropped = new FinalizationRegistry(({ context, sequence, origin, kept }: Flight) => {
  context.settle({ sequence, origin, outcome: { state: "skipped", reason: droppedByOperator } }, kept);
});

const watched = new WeakSet<RunContext>();

/** Settles an input as skipped once `ticket`, which all its messages refer to, is gone. */
export function settleWhenDropped(ticket: object, { context, sequence, origin, kept }: Flight): void {
  dropped.register(ticket, { context, sequence, origin, kept }, ticket);
  if (watched.has(context)) return;
  watched.add(context);
  watch(context);
}

/** The input has its outcome. */
export function forgetDropped(ticket: object): void {
  dropped.unregister(ticket);
}

/** While nothing goes on, and inputs are in flight that no stage holds, memory is looked through: else an engine would wait for them for ever. */
function watch(context: RunContext): void {
  let before = -1;
  const timer = setInterval(() => {
    const { inFlight, read } = context.ledger.counts;
    const isQuiet = read === before && inFlight > 0 && context.gate.held === 0;
    before = read;
    if (isQuiet) collectGarbage();
  }, quietMs).unref();
  context.atEnd(async () => clearInterval(timer));
}

let collect: (() => void) | undefined;

function collectGarbage(): void {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
}
