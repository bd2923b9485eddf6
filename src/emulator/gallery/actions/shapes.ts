/** The messages about selections and actions between the gallery's server and its page. */

/** What an action does to each selected input. */
export type ActionRequest =
  /** A concept by its id or its name. */
  | { kind: "add-concept" | "remove-concept"; concept: string }
  /** A metadata key. The keys of nested objects follow a dot. */
  | { kind: "set-metadata"; key: string; value: string | number | boolean }
  | { kind: "remove-metadata"; key: string }
  | { kind: "add-to-dataset" | "remove-from-dataset"; dataset: string }
  | { kind: "delete" };

/** The body of `POST /gallery/selections`. */
export type SelectionRequest =
  /** Numbers of inputs. */
  | { seqs: readonly number[] }
  /** All inputs that match the filters in the address, except some. */
  | { all: true; except: readonly number[] };

/** The inputs that an action will work on, as they were at the time of the request. */
export interface SelectionShape {
  selection: string;
  count: number;
  /** Number of inputs that were asked for and do not exist. */
  gone: number;
  /** Ids of some of them. */
  goneIds: string[];
}

/** The body of `POST /gallery/actions`. */
export type ActionCommand =
  | { do: "start"; selection: string; action: ActionRequest }
  | { do: "undo" | "continue" | "stop" | "forget"; seq: number };

/** running, stopped (by the user, a restart, or an error) and done; the last three are the same for its undo. */
export type ActionState = "running" | "stopped" | "done" | "undoing" | "undo-stopped" | "undone";

/** What happened to an input. "conflict": it was changed since it was selected, so it was not deleted. */
export type Outcome = "changed" | "unchanged" | "gone" | "conflict" | "failed";
/** What an undo did to an input. "kept": it was changed since the action, so the undo left it as it is. */
export type UndoOutcome = "restored" | "kept" | "failed";

export interface ActionShape {
  seq: number;
  action: ActionRequest;
  state: ActionState;
  /** Number of inputs that were selected. */
  total: number;
  counts: Partial<Record<Outcome, number>>;
  undoCounts: Partial<Record<UndoOutcome, number>>;
  /** Why it was stopped. */
  note?: string;
  createdAt: string;
}

export interface ActionsShape {
  /** The gallery changes nothing. */
  isReadOnly: boolean;
  /** The latest first. */
  actions: ActionShape[];
}

/** An input that an action or its undo did not change as asked. */
export interface ProblemShape {
  id: string;
  outcome: Outcome | UndoOutcome;
  reason: string;
}

/** An action with the inputs that it did not change as asked. */
export interface ActionDetailShape extends ActionShape {
  problems: ProblemShape[];
}
