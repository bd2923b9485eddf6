/** Carries actions and their undos out, in steps of some inputs. Each step is one transaction with its outcomes. */

import { describeError } from "../../../core/errors.js";
import { backgroundCall, type Call, type Services } from "../../routes/context.js";
import { isDiskFull } from "../../store/disk-full.js";
import type { AppRow, InputRow } from "../../store/model.js";
import { type ActionInputRow, type ActionRow, addedCounts } from "./action-rows.js";
import { applyAction } from "./apply-action.js";
import type { ActionRequest, ActionState } from "./shapes.js";
import { undoAction } from "./undo-action.js";

/** Inputs of one step. */
const stepInputs = 64;
/** Steps are carried out for this time before requests get a turn, in milliseconds. */
const turnMs = 15;
const restartNote = "The emulator was restarted.";
const stoppedStates: Partial<Record<ActionState, ActionState>> = { running: "stopped", undoing: "undo-stopped" };

export class ActionWork {
  readonly #services: Services;
  #isWorking = false;
  #closed = false;

  constructor(services: Services) {
    this.#services = services;
    // What the last process left unfinished stays as it is, until a user continues or undoes it.
    for (const [from, to] of Object.entries(stoppedStates)) {
      services.store.run("UPDATE gallery_actions SET state = ?, note = ? WHERE state = ?", to, restartNote, from);
    }
  }

  /** Starts or continues the actions that are marked as running or undoing. */
  wake(): void {
    if (this.#isWorking || this.#closed) return;
    this.#isWorking = true;
    setImmediate(() => this.#work());
  }

  close(): void {
    this.#closed = true;
  }

  #work(): void {
    this.#isWorking = false;
    if (this.#closed) return;
    const { store } = this.#services;
    const start = performance.now();
    let row: ActionRow | undefined;
    do {
      const sql = "SELECT * FROM gallery_actions WHERE state IN ('running', 'undoing') ORDER BY seq LIMIT 1";
      row = store.get<ActionRow>(sql);
      if (row) this.#tryStep(row);
    } while (row && performance.now() - start < turnMs);
    if (row) this.wake();
  }

  /** Carries a step out. An error rolls the step back and stops the action, so its counts stay true. */
  #tryStep(row: ActionRow): void {
    const { store } = this.#services;
    try {
      store.transaction(() => this.#step(row));
    } catch (error) {
      const note = isDiskFull(error) ? "The disk is full." : describeError(error);
      const sql = "UPDATE gallery_actions SET state = ?, note = ? WHERE seq = ?";
      try {
        store.run(sql, stoppedStates[row.state] ?? row.state, note, row.seq);
      } catch {
        this.#closed = true; // The disk takes no row at all. The next start marks the action as stopped.
      }
    }
  }

  #step(row: ActionRow): void {
    const { store } = this.#services;
    const app = store.get<AppRow>("SELECT * FROM apps WHERE seq = ?", row.app);
    if (!app) throw new Error("the app was deleted");
    const call = backgroundCall(this.#services, app);
    const action = JSON.parse(row.action) as ActionRequest;
    if (row.state === "running") this.#apply(call, row, action);
    else this.#undo(call, row, action);
  }

  #apply(call: Call, row: ActionRow, action: ActionRequest): void {
    const { store, removeNow } = this.#services;
    const items = this.#items(row.seq, row.position, "outcome IS NULL");
    const outcomes = items.map((item) => {
      const { outcome, reason = null, before, sha256 = null } = applyAction(call, action, item, row.taken_at);
      const text = before === undefined ? null : JSON.stringify(before);
      const sql =
        "UPDATE gallery_action_inputs SET outcome = ?, reason = ?, before = ?, sha256 = ? WHERE action = ? AND position = ?";
      store.run(sql, outcome, reason, text, sha256, row.seq, item.position);
      // The state is recorded first, so that the deletion keeps the file.
      if (action.kind === "delete" && before) removeNow((before as { row: InputRow }).row);
      return outcome;
    });
    const end = (items.at(-1)?.position ?? row.position - 1) + 1;
    const state: ActionState = items.length < stepInputs ? "done" : "running";
    const sql = "UPDATE gallery_actions SET position = ?, counts = ?, state = ?, note = NULL WHERE seq = ?";
    store.run(sql, end, addedCounts(row.counts, outcomes), state, row.seq);
  }

  #undo(call: Call, row: ActionRow, action: ActionRequest): void {
    const { store } = this.#services;
    const items = this.#items(
      row.seq,
      row.undo_position,
      "outcome = 'changed' AND (undo IS NULL OR undo <> 'restored')",
    );
    const outcomes = items.map((item) => {
      const { outcome, reason = null } = undoAction(call, action, item);
      // A restored input holds its file itself.
      const held = outcome === "restored" ? null : item.sha256;
      const sql =
        "UPDATE gallery_action_inputs SET undo = ?, undo_reason = ?, sha256 = ? WHERE action = ? AND position = ?";
      store.run(sql, outcome, reason, held, row.seq, item.position);
      return outcome;
    });
    const end = (items.at(-1)?.position ?? row.undo_position - 1) + 1;
    const state: ActionState = items.length < stepInputs ? "undone" : "undoing";
    const sql = "UPDATE gallery_actions SET undo_position = ?, undo_counts = ?, state = ?, note = NULL WHERE seq = ?";
    store.run(sql, end, addedCounts(row.undo_counts, outcomes), state, row.seq);
  }

  #items(action: number, from: number, where: string): ActionInputRow[] {
    const sql = `SELECT * FROM gallery_action_inputs WHERE action = ? AND position >= ? AND ${where} ORDER BY position LIMIT ?`;
    return this.#services.store.all<ActionInputRow>(sql, action, from, stepInputs);
  }
}
