/** Actions in words. */

import { counted, countText } from "../../../../core/util/format/format.js";
import type { ActionRequest, ActionShape } from "../../actions/shapes.js";

/** Returns a number of inputs with its noun. */
export function inputsText(count: number): string {
  return counted(count, "input");
}

/** Says what an action does. */
export function titleOf(action: ActionRequest): string {
  switch (action.kind) {
    case "add-concept":
      return `Add the concept “${action.concept}”`;
    case "remove-concept":
      return `Remove the concept “${action.concept}”`;
    case "set-metadata":
      return `Set ${action.key} to ${JSON.stringify(action.value)}`;
    case "remove-metadata":
      return `Remove the key ${action.key}`;
    case "add-to-dataset":
      return `Add to the dataset “${action.dataset}”`;
    case "remove-from-dataset":
      return `Remove from the dataset “${action.dataset}”`;
    case "delete":
      return "Delete";
  }
}

const sum = (counts: Partial<Record<string, number>>) =>
  Object.values(counts).reduce<number>((total, count = 0) => total + count, 0);

/** Says how far an action is, and what it did. */
export function outcomeOf({ action, state, total, counts, undoCounts, note }: ActionShape): string {
  const { changed = 0, unchanged = 0, gone = 0, conflict = 0, failed = 0 } = counts;
  const did = [
    `${inputsText(changed)} ${action.kind === "delete" ? "deleted" : "changed"}`,
    unchanged > 0 && `${countText(unchanged)} were so already`,
    gone > 0 && `${countText(gone)} no longer existed`,
    conflict > 0 && `${countText(conflict)} changed meanwhile and left alone`,
    failed > 0 && `${countText(failed)} failed`,
  ];
  const { restored = 0, kept = 0, failed: unrestored = 0 } = undoCounts;
  const undid = [
    `undone for ${inputsText(restored)}`,
    kept > 0 && `${countText(kept)} changed since and left alone`,
    unrestored > 0 && `${countText(unrestored)} could not be restored`,
  ];
  if (state === "running") return `${countText(sum(counts))} of ${inputsText(total)} so far`;
  if (state === "undoing") return `undone for ${countText(sum(undoCounts))} of ${inputsText(changed)} so far`;
  const isStopped = state === "stopped" && `stopped after ${countText(sum(counts))} of ${inputsText(total)}`;
  const isUndo = state === "undone" || state === "undo-stopped";
  const undo = isUndo && [state === "undo-stopped" && "undo stopped", ...undid];
  const parts = [isStopped, ...(undo || did), note].flat();
  return parts.filter(Boolean).join(", ");
}

/** Number of inputs that an action, or its undo, did not change as asked. */
export function problemCount({ counts, undoCounts }: ActionShape): number {
  const { gone = 0, conflict = 0, failed = 0 } = counts;
  return gone + conflict + failed + (undoCounts.kept ?? 0) + (undoCounts.failed ?? 0);
}

export function isRunning({ state }: ActionShape): boolean {
  return state === "running" || state === "undoing";
}

/** Whether an undo would restore something. */
export function canUndo({ state, counts, undoCounts }: ActionShape): boolean {
  const left = (counts.changed ?? 0) - (undoCounts.restored ?? 0);
  return left > 0 && state !== "running" && state !== "undoing";
}
