/** Reads a journal into a set of the inputs that earlier runs finished. */

import { open, stat } from "node:fs/promises";
import type { JournalTargets } from "../accounting/targets.js";
import { SinkError } from "../errors.js";
import { DigestSet } from "../util/digest-set.js";
import { checkTargets, FormatCheck } from "./journal-header.js";
import { blocksOf, doneKeyAt, eachLine, isRunLine } from "./lines.js";

export interface FinishedInputs {
  /** Journal keys of the finished inputs. */
  done: DigestSet;
  damagedLines: number;
  /** End of the last intact line. */
  endsAt: number;
  /** No header is intact, so the lines are valid for no target. */
  isHeaderLost: boolean;
}

/** Reads the journal of a flow. @throws {SinkError} ERR_JOURNAL_FORMAT, ERR_JOURNAL_FLOW */
export async function readFinishedInputs(path: string, targets: JournalTargets): Promise<FinishedInputs> {
  const format = new FormatCheck(path, SinkError);
  let done = new DigestSet();
  let damagedLines = 0;
  let intactLines = 0;
  let endsAt = 0;
  let damagedSince = 0;
  let at = 0;
  const file = await open(path, "r");
  try {
    for await (const block of blocksOf(file)) {
      eachLine(block, (start, end, isIntact) => {
        const header = format.headerIn(block, start, end, isIntact);
        if (!isIntact) {
          damagedSince += 1;
          return;
        }
        if (header) checkTargets(header, targets, path);
        else if (!isRunLine(block, start)) intactLines += 1;
        if (header?.fresh) {
          damagedLines += intactLines;
          intactLines = 0;
          done = new DigestSet();
        }
        const keyAt = doneKeyAt(block, start);
        if (keyAt >= 0) done.addFrom(block, keyAt);
        damagedLines += damagedSince;
        damagedSince = 0;
        endsAt = at + end + 1;
      });
      at += block.length;
    }
  } finally {
    await file.close();
  }
  format.end();
  if (format.hasHeader) return { done, damagedLines, endsAt, isHeaderLost: false };
  return { done: new DigestSet(), damagedLines: damagedLines + intactLines, endsAt, isHeaderLost: true };
}

/** Whether a journal does not exist, or is empty. @throws {SinkError} ERR_JOURNAL_FORMAT for a path that is not a regular file */
export async function isMissing(path: string): Promise<boolean> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found && !found.isFile()) throw new SinkError("ERR_JOURNAL_FORMAT", `journal: ${path} is not a regular file`);
  return !found || found.size === 0;
}
