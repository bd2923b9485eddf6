/** Rows of actions and of their inputs. */

import type { AnnotationRow, AppRow, InputRow } from "../../store/model.js";
import type { Store } from "../../store/store.js";
import type { ActionDetailShape, ActionRequest, ActionShape, ActionState, ProblemShape } from "./shapes.js";

/** Inputs with problems that a detail names. */
const maxProblems = 200;

export interface ActionRow {
  seq: number;
  app: number;
  /** JSON of the action. */
  action: string;
  state: ActionState;
  total: number;
  /** Inputs before this position have an outcome. */
  position: number;
  counts: string;
  undo_position: number;
  undo_counts: string;
  note: string | null;
  /** When the inputs were selected. */
  taken_at: string;
  created_at: string;
}

export interface ActionInputRow {
  action: number;
  position: number;
  app: number;
  /** Number of the input. */
  input: number;
  id: string;
  outcome: string | null;
  reason: string | null;
  /** JSON of what an undo restores. */
  before: string | null;
  /** The file that the store keeps for an undo. */
  sha256: string | null;
  undo: string | null;
  undo_reason: string | null;
}

/** A deleted input, as an undo restores it. */
export interface DeletedState {
  row: InputRow;
  annotations: AnnotationRow[];
  datasets: { dataset: string; created_at: string }[];
}

export function actionOf(store: Store, app: AppRow, seq: number): ActionRow | undefined {
  return store.get<ActionRow>("SELECT * FROM gallery_actions WHERE seq = ? AND app = ?", seq, app.seq);
}

/** Returns the actions of an app, the latest first. */
export function actionsOf(store: Store, app: AppRow): ActionShape[] {
  const rows = store.all<ActionRow>("SELECT * FROM gallery_actions WHERE app = ? ORDER BY seq DESC", app.seq);
  return rows.map(shapeOfAction);
}

export function shapeOfAction(row: ActionRow): ActionShape {
  return {
    seq: row.seq,
    action: JSON.parse(row.action) as ActionRequest,
    state: row.state,
    total: row.total,
    counts: JSON.parse(row.counts) as ActionShape["counts"],
    undoCounts: JSON.parse(row.undo_counts) as ActionShape["undoCounts"],
    ...(row.note === null ? {} : { note: row.note }),
    createdAt: row.created_at,
  };
}

/** Returns an action with the inputs that it, or its undo, did not change as asked. */
export function detailOf(store: Store, row: ActionRow): ActionDetailShape {
  const sql = `SELECT id, outcome, reason FROM gallery_action_inputs WHERE action = ?1 AND outcome IN ('gone', 'conflict', 'failed')
    UNION ALL SELECT id, undo, undo_reason FROM gallery_action_inputs WHERE action = ?1 AND undo_reason IS NOT NULL LIMIT ?2`;
  const problems = store.all<ProblemShape & { reason: string | null }>(sql, row.seq, maxProblems);
  return { ...shapeOfAction(row), problems: problems.map((one) => ({ ...one, reason: one.reason ?? "" })) };
}

/** Returns counts with some outcomes more. */
export function addedCounts(counts: string, outcomes: readonly string[]): string {
  const sums = JSON.parse(counts) as Record<string, number>;
  for (const outcome of outcomes) sums[outcome] = (sums[outcome] ?? 0) + 1;
  return JSON.stringify(sums);
}
