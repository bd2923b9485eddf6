/** The actions of the gallery: selects inputs, starts actions on them, and undoes these. */

import { isObject } from "../../../core/util/json/json-values.js";
import { backgroundCall, type Services } from "../../routes/context.js";
import type { AppRow } from "../../store/model.js";
import { timestamp } from "../../store/stamps.js";
import { ItemRefusal, Refusal } from "../../wire/refusals.js";
import { type ActionRow, actionOf, actionsOf, detailOf, shapeOfAction } from "./action-rows.js";
import { ActionWork } from "./action-work.js";
import { forgetAction, forgetOldActions } from "./forget-actions.js";
import { ensureDatasetOf, readAction } from "./read-action.js";
import { type Selection, Selections } from "./selections.js";
import type { ActionDetailShape, ActionShape, ActionState, ActionsShape, SelectionShape } from "./shapes.js";

/** A request that is refused with a text. */
export class ActionRefusal extends Error {
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}

/** Largest number of a row. */
const maxSeqs = 1_000_000;
/** The states from which a command leads to another one. */
const next: Record<string, Partial<Record<ActionState, ActionState>>> = {
  undo: { done: "undoing", stopped: "undoing", undone: "undoing", "undo-stopped": "undoing" },
  continue: { stopped: "running", "undo-stopped": "undoing" },
  stop: { running: "stopped", undoing: "undo-stopped" },
};

export class GalleryActions {
  readonly #services: Services;
  readonly #isReadOnly: boolean;
  readonly #work: ActionWork;
  readonly #selections: Selections;

  constructor(services: Services, isReadOnly: boolean) {
    this.#services = services;
    this.#isReadOnly = isReadOnly;
    this.#work = new ActionWork(services);
    this.#selections = new Selections(services.store);
    forgetOldActions(services.store, services.files);
  }

  close(): void {
    this.#work.close();
  }

  /** @throws {ActionRefusal} 403 */
  checkWritable(): void {
    if (this.#isReadOnly) throw new ActionRefusal(403, "this gallery is read-only");
  }

  list(app: AppRow): ActionsShape {
    return { isReadOnly: this.#isReadOnly, actions: actionsOf(this.#services.store, app) };
  }

  detail(app: AppRow, seq: number): ActionDetailShape | undefined {
    const row = actionOf(this.#services.store, app, seq);
    return row && detailOf(this.#services.store, row);
  }

  /** Records the inputs of a request. @param allSeqs returns the inputs that match the filters now @throws {ActionRefusal} */
  select(app: AppRow, body: unknown, allSeqs: (limit: number) => readonly number[]): SelectionShape {
    if (!isObject(body)) throw new ActionRefusal(400, "the body must be an object");
    const { seqs, except = [] } = body;
    if (body.all !== true) return this.#selections.take(app, numbersIn(seqs));
    const left = new Set(numbersIn(except));
    const found = allSeqs(maxSeqs + 1);
    if (found.length > maxSeqs) throw new ActionRefusal(413, `a selection has at most ${maxSeqs} inputs; use filters`);
    return this.#selections.take(
      app,
      found.filter((seq) => !left.has(seq)),
    );
  }

  /** @throws {ActionRefusal} 410 */
  selection(app: AppRow, token: unknown): Selection {
    const selection = this.#selections.find(app, token);
    if (!selection) throw new ActionRefusal(410, "the selection is over; select again");
    return selection;
  }

  /** Returns some inputs of a selection. */
  selected(selection: Selection, after: number, limit: number) {
    return this.#selections.inputs(selection, after, limit);
  }

  /** Carries a command out. The work itself goes on in the background. @throws {ActionRefusal} */
  run(app: AppRow, body: unknown): ActionShape | undefined {
    this.checkWritable();
    if (!isObject(body)) throw new ActionRefusal(400, "the body must be an object");
    if (body.do === "start") return this.#start(app, body.selection, body.action);
    const { store, files } = this.#services;
    const row = typeof body.seq === "number" ? actionOf(store, app, body.seq) : undefined;
    if (!row) throw new ActionRefusal(404, "the action is not recorded any more");
    if (body.do === "forget") {
      if (next.stop?.[row.state]) throw new ActionRefusal(409, "the action is running; stop it first");
      forgetAction(store, files, row.seq);
      return undefined;
    }
    const command = typeof body.do === "string" && Object.hasOwn(next, body.do) ? next[body.do] : undefined;
    if (!command) throw new ActionRefusal(400, "do must be start, undo, continue, stop or forget");
    const state = command[row.state];
    if (!state) throw new ActionRefusal(409, `the action is ${row.state}, so it cannot ${String(body.do)}`);
    return this.#change(row, state, body.do === "undo");
  }

  #start(app: AppRow, token: unknown, value: unknown): ActionShape {
    const { store, files } = this.#services;
    const { number, count, takenAt } = this.selection(app, token);
    if (count === 0) throw new ActionRefusal(422, "no input is selected");
    const call = backgroundCall(this.#services, app);
    const seq = refusing(() =>
      store.transaction(() => {
        const action = readAction(call, value);
        ensureDatasetOf(call, action);
        const sql =
          "INSERT INTO gallery_actions (app, action, state, total, taken_at, created_at) VALUES (?, ?, 'running', ?, ?, ?)";
        store.run(sql, app.seq, JSON.stringify(action), count, takenAt, timestamp());
        const { seq: added = 0 } = store.get<{ seq: number }>("SELECT last_insert_rowid() AS seq") ?? {};
        const copying =
          "INSERT INTO gallery_action_inputs (action, position, app, input, id) SELECT ?, position, ?, input, id FROM gallery_selected WHERE selection = ?";
        store.run(copying, added, app.seq, number);
        return added;
      }),
    );
    this.#selections.drop(token as string);
    forgetOldActions(store, files, app);
    this.#work.wake();
    return shapeOfAction(actionOf(store, app, seq) as ActionRow);
  }

  #change(row: ActionRow, state: ActionState, isNewUndo: boolean): ActionShape {
    const { store } = this.#services;
    store.transaction(() => {
      store.run("UPDATE gallery_actions SET state = ?, note = NULL WHERE seq = ?", state, row.seq);
      if (!isNewUndo) return;
      // A second undo tries again what the first one could not restore.
      const sql = "SELECT count(*) AS count FROM gallery_action_inputs WHERE action = ? AND undo = 'restored'";
      const count = store.get<{ count: number }>(sql, row.seq)?.count ?? 0;
      const counts = JSON.stringify(count > 0 ? { restored: count } : {});
      store.run("UPDATE gallery_actions SET undo_position = 0, undo_counts = ? WHERE seq = ?", counts, row.seq);
    });
    this.#work.wake();
    return shapeOfAction(store.get<ActionRow>("SELECT * FROM gallery_actions WHERE seq = ?", row.seq) as ActionRow);
  }
}

/** Returns a result. A refusal of the API becomes one of the gallery. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Refusal || error instanceof ItemRefusal) throw new ActionRefusal(422, error.message);
    throw error;
  }
}

function numbersIn(value: unknown): number[] {
  if (!Array.isArray(value) || !value.every((one) => Number.isSafeInteger(one) && one >= 0)) {
    throw new ActionRefusal(400, "the numbers of the inputs must be a list of whole numbers");
  }
  if (value.length > maxSeqs) throw new ActionRefusal(413, `a selection has at most ${maxSeqs} inputs`);
  return value as number[];
}
