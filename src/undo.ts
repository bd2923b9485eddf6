/** Undoing a run: restores what its sinks changed. */

import type { App } from "./clarifai/client/app.js";
import { flow } from "./core/flow/flow.js";
import type { Plan } from "./core/flow/plan.js";
import type { RunOptions } from "./core/flow/run.js";
import { UndoLog } from "./core/journal/undo-log.js";
import type { Report } from "./core/report/report.js";
import { restore } from "./sinks/restore.js";
import { undoFile } from "./sources/undo-file.js";

/** Options of `undo`: those of a run, without its files. */
export type UndoOptions = Omit<RunOptions, "undo" | "journal" | "deadLetters">;

/**
 * Restores what runs with `undo: path` changed in an app: fields, annotations, datasets and names of concepts as they were before the first change. Inputs
 * that were deleted or replaced are uploaded again if they are texts, or if the run kept their files (`undo: { path, media: true }`); otherwise they fail
 * (ERR_UNDO_MEDIA). What was changed by others since is changed back, too.
 *
 * Order: that of the changes. It resolves with a report: an input that is as it was is skipped. If everything is restored, the file says so, and a second
 * undo does nothing; a later run may record in the same file. An undo that was stopped or killed continues when it runs again.
 *
 * Not restored: times of creation, datasets and concepts that the run added to the app, and inputs that it added.
 *
 * @throws {SourceError} (rejects) ERR_UNDO_FORMAT, ERR_UNDO_TARGET, ERR_FILE_UNREADABLE
 * @throws {SinkError} (rejects) ERR_UNDO_LOCKED, ERR_UNDO_UNWRITABLE
 * @example
 * await flow(listInputs(app, { dataset: "old" })).pipe(batch(), remove(app)).run({ undo: { path: "./old.undo", media: true } });
 * console.log((await undo(app, "./old.undo")).summary());
 */
export async function undo(app: App, path: string, options: UndoOptions = {}): Promise<Report> {
  const log = await UndoLog.open({ path, media: false }, { mustExist: true });
  try {
    const report = await restoring(app, path).run(options);
    if (report.ok && !report.stopped) await log.markRestored();
    return report;
  } finally {
    await log.close();
  }
}

/** Reports what `undo` would restore, and sends nothing. */
export function planUndo(app: App, path: string): Promise<Plan> {
  return restoring(app, path).plan();
}

function restoring(app: App, path: string) {
  return flow(undoFile(app, path)).pipe(restore(app));
}
