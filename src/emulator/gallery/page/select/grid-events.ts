/** Clicks and keys of the grid that select inputs. */

import type { Selection } from "./selection.js";

/** Handles a click on a tile. Returns whether it selected. */
export function clickSelects(event: MouseEvent, index: number, active: number, selection: Selection): boolean {
  if (event.shiftKey) selection.selectTo(index, active);
  else if (event.ctrlKey || event.metaKey || (event.target as Element).closest(".pick")) selection.toggle(index);
  else return false;
  return true;
}

interface KeyContext {
  active: number;
  /** Where each key moves to. */
  targets: Readonly<Record<string, number>>;
  total: number;
  move: (index: number) => void;
}

/** Handles a key. Returns whether it selected. */
export function keySelects(event: KeyboardEvent, { active, targets, total, move }: KeyContext, selection: Selection) {
  const hasCommand = event.ctrlKey || event.metaKey;
  const target = targets[event.key];
  if (hasCommand && event.key.toLowerCase() === "a") selection.selectAll();
  else if (hasCommand || event.altKey) return false;
  else if (event.key.toLowerCase() === "x") selection.toggle(active);
  else if (event.shiftKey && target !== undefined) {
    const to = Math.min(Math.max(0, target), total - 1);
    selection.selectTo(to, active);
    move(to);
  } else return false;
  event.preventDefault();
  return true;
}
