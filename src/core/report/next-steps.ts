/** The next steps after a run: how to resume it, and how to process failed inputs again. */

import type { Counts } from "../accounting/ledger.js";
import { counted, countText } from "../util/format/format.js";

/** The commands that repeat the work of a run; a program that has no command line leaves them out. */
export interface RunCommands {
  /** Starts the same run again: `sluice upload ./photos --journal photos.journal`. */
  again?: string | undefined;
  /** Processes the inputs of the dead-letter file again. */
  replay?: string | undefined;
}

interface RunFacts {
  counts: Readonly<Omit<Counts, "inFlight">>;
  /** Whether the run ended before the end of its source: by a stop, or by an error. */
  endedEarly: boolean;
  journal?: { path: string } | undefined;
  deadLetters?: string | undefined;
  commands?: RunCommands | undefined;
}

/** Returns a text for each step; none if every input is ok or skipped. */
export function nextStepsOf({ counts, endedEarly, journal, deadLetters, commands }: RunFacts): string[] {
  const { failed, pending } = counts;
  const steps: string[] = [];
  const again =
    commands?.again === undefined ? "run the same flow again" : `run the same command again: ${commands.again}`;
  const isOpen = endedEarly || pending > 0;
  if (isOpen && journal) steps.push(`${again} (it resumes: ${journal.path} has the finished inputs)`);
  else if (isOpen) steps.push(`${again} (it reads all inputs again; with a journal, it would resume)`);
  if (failed === 0) return steps;
  const them = failed === 1 ? "the failed input" : `the ${countText(failed)} failed inputs`;
  if (deadLetters !== undefined) {
    const replay = commands?.replay ?? `read ${deadLetters} with deadLetters()`;
    steps.push(`correct the causes, then process ${them} again: ${replay}`);
  } else if (!isOpen && (journal || commands?.again !== undefined)) {
    const rest = journal ? ` (${journal.path} has the finished inputs, so it processes only the others)` : "";
    steps.push(`correct the causes of ${counted(failed, "failure")}, then ${again}${rest}`);
  }
  return steps;
}
