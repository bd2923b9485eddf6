/** Below the grid: what can be done with the selected inputs, the last change with its undo, and the recent changes. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { ActionCommand, ActionRequest } from "../../actions/shapes.js";
import type { FacetsShape } from "../../shapes.js";
import { NoSession } from "../api.js";
import { isTyping } from "../keys.js";
import type { Selection } from "../select/selection.js";
import { ActionForm, type FormKind, type OpenForm } from "./action-form.js";
import { ActionLine } from "./action-line.js";
import { inputsText, isRunning } from "./action-text.js";
import { Dialog } from "./dialog.js";
import type { Actions } from "./use-actions.js";

interface WorkbenchProps {
  app: number;
  selection: Selection;
  actions: Actions;
  facets: FacetsShape | undefined;
  onFailed: (error: unknown) => void;
}

/** The toast of a finished action without problems closes after this time, in milliseconds. */
const toastMs = 60_000;

export function Workbench({ app, selection, actions, facets, onFailed }: WorkbenchProps) {
  const [form, setForm] = useState<OpenForm>();
  const [toast, setToast] = useState<number>();
  const [problem, setProblem] = useState("");
  const fail = (error: unknown) => {
    if (error instanceof NoSession) onFailed(error);
    else setProblem(error instanceof Error ? error.message : String(error));
  };
  const ask = (kind: FormKind) => {
    setProblem("");
    const shown = selection.count;
    selection.record().then((recorded) => setForm({ kind, selection: recorded, shown }), fail);
  };
  const start = async (action: ActionRequest) => {
    if (!form) return;
    const started = await actions.send({ do: "start", selection: form.selection.selection, action });
    setForm(undefined);
    setToast(started.seq);
    if (action.kind === "delete") selection.clear();
  };
  const command = (one: ActionCommand) => {
    setProblem("");
    actions.send(one).catch(fail);
  };
  const isAsking = form !== undefined;
  useShortcuts(selection, () => {
    if (!isAsking && !actions.isReadOnly) ask("delete");
  });
  const last = actions.list?.find(({ seq }) => seq === toast);
  const isQuiet = last && !isRunning(last);
  useEffect(() => {
    if (!isQuiet) return undefined;
    const timer = setTimeout(() => setToast(undefined), toastMs);
    return () => clearTimeout(timer);
  }, [toast, isQuiet]);
  return (
    <>
      {last && (
        <div class="toast">
          <ActionLine app={app} action={last} onCommand={command} />
          <button type="button" aria-label="Close" onClick={() => setToast(undefined)}>
            ✕
          </button>
        </div>
      )}
      {problem && (
        <p class="toast problem" role="alert">
          {problem}
          <button type="button" aria-label="Close" onClick={() => setProblem("")}>
            ✕
          </button>
        </p>
      )}
      {selection.count > 0 && <Bar selection={selection} isReadOnly={actions.isReadOnly} onAsk={ask} />}
      {form && <ActionForm {...form} facets={facets} onStart={start} onClose={() => setForm(undefined)} />}
    </>
  );
}

const buttons: readonly [kind: FormKind, text: string][] = [
  ["label", "Label…"],
  ["tag", "Tag…"],
  ["dataset", "Dataset…"],
  ["delete", "Delete…"],
];

interface BarProps {
  selection: Selection;
  isReadOnly: boolean;
  onAsk: (kind: FormKind) => void;
}

function Bar({ selection, isReadOnly, onAsk }: BarProps) {
  return (
    <div class="selection-bar" role="toolbar" aria-label="Selected inputs">
      <b role="status">{`${inputsText(selection.count)} selected`}</b>
      {!isReadOnly &&
        buttons.map(([kind, text]) => (
          <button key={kind} type="button" class={kind === "delete" ? "danger" : ""} onClick={() => onAsk(kind)}>
            {text}
          </button>
        ))}
      {isReadOnly && <span class="hint">This gallery is read-only.</span>}
      <button type="button" class="clear" title="Escape" onClick={() => selection.clear()}>
        Clear the selection
      </button>
    </div>
  );
}

/** The button that opens the list of recent changes, which can be undone after a reload, too. */
export function RecentChanges({ app, actions }: { app: number; actions: Actions }) {
  const [isOpen, setOpen] = useState(false);
  const [problem, setProblem] = useState("");
  const { list = [] } = actions;
  if (list.length === 0 && !isOpen) return null;
  const command = (one: ActionCommand) => {
    setProblem("");
    actions.send(one).catch((error: Error) => setProblem(error.message));
  };
  return (
    <>
      <button type="button" class="clear" onClick={() => setOpen(true)}>
        {`Recent changes (${list.length})`}
      </button>
      {isOpen && (
        <Dialog title="Recent changes" onClose={() => setOpen(false)}>
          <p class="problem" role="alert">
            {problem}
          </p>
          <p class="hint">
            The 20 latest changes of 7 days can be undone. Until then, the files of deleted inputs stay on the disk;
            “Forget” deletes them now.
          </p>
          <ol class="recent">
            {list.map((action) => (
              <li key={action.seq}>
                <time dateTime={action.createdAt}>{new Date(action.createdAt).toLocaleString()}</time>
                <ActionLine app={app} action={action} onCommand={command} mayForget={!actions.isReadOnly} />
              </li>
            ))}
          </ol>
        </Dialog>
      )}
    </>
  );
}

/** Escape clears the selection, and Delete asks. Fields and dialogs keep their keys. */
function useShortcuts(selection: Selection, onDelete: () => void): void {
  const latest = useRef(onDelete);
  latest.current = onDelete;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || selection.count === 0 || document.querySelector("dialog[open]")) return;
      if (isTyping(event)) return;
      if (event.key === "Escape") selection.clear();
      if (event.key === "Delete") latest.current();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [selection]);
}
