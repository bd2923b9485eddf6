/** One action with its outcome and its buttons, in the toast and in the list of recent changes. */

import { useEffect, useState } from "preact/hooks";
import type { ActionCommand, ActionDetailShape, ActionShape } from "../../actions/shapes.js";
import { getJson } from "../api.js";
import { canUndo, isRunning, outcomeOf, problemCount, titleOf } from "./action-text.js";

interface ActionLineProps {
  app: number;
  action: ActionShape;
  onCommand: (command: ActionCommand) => void;
  /** Whether the action can be forgotten here. */
  mayForget?: boolean;
}

export function ActionLine({ app, action, onCommand, mayForget = false }: ActionLineProps) {
  const { seq, state } = action;
  const [showsProblems, setShowsProblems] = useState(false);
  const problems = problemCount(action);
  const button = (text: string, command: Exclude<ActionCommand["do"], "start">) => (
    <button type="button" onClick={() => onCommand({ do: command, seq })}>
      {text}
    </button>
  );
  return (
    <div class="action">
      <p role="status">
        <b>{titleOf(action.action)}</b> · {outcomeOf(action)}
      </p>
      <p class="buttons">
        {isRunning(action) && button("Stop", "stop")}
        {(state === "stopped" || state === "undo-stopped") && button("Continue", "continue")}
        {canUndo(action) && button(state === "undone" ? "Undo the rest" : "Undo", "undo")}
        {problems > 0 && (
          <button type="button" aria-expanded={showsProblems} onClick={() => setShowsProblems(!showsProblems)}>
            Details
          </button>
        )}
        {mayForget && !isRunning(action) && button("Forget", "forget")}
      </p>
      {showsProblems && <Problems app={app} action={action} />}
    </div>
  );
}

/** Names the inputs that were not changed as asked. */
function Problems({ app, action }: Pick<ActionLineProps, "app" | "action">) {
  const [detail, setDetail] = useState<ActionDetailShape | string>();
  useEffect(() => {
    const stop = new AbortController();
    const parameters = new URLSearchParams({ app: String(app), seq: String(action.seq) });
    getJson<ActionDetailShape>("actions", parameters, stop.signal).then(
      setDetail,
      (error: Error) => stop.signal.aborted || setDetail(error.message),
    );
    return () => stop.abort();
  }, [app, action.seq, action.state]);
  if (detail === undefined) return null;
  if (typeof detail === "string") return <p class="problem">{detail}</p>;
  const more = problemCount(action) - detail.problems.length;
  return (
    <ul class="problems">
      {detail.problems.map(({ id, reason }, index) => (
        <li key={index}>
          <bdi>{id}</bdi>: {reason}
        </li>
      ))}
      {more > 0 && <li>{`… and ${more} more`}</li>}
    </ul>
  );
}
