/** The recent actions of the app, kept up to date. */

import { useEffect, useState } from "preact/hooks";
import type { ActionCommand, ActionShape, ActionsShape } from "../../actions/shapes.js";
import { getJson, postJson } from "../api.js";
import { isRunning } from "./action-text.js";

/** Wait between two requests while an action runs, in milliseconds. */
const pollMs = 400;

export interface Actions {
  /** The latest first. Undefined until the first answer. */
  list: readonly ActionShape[] | undefined;
  isReadOnly: boolean;
  /** Sends a command, and returns the action. @throws {Error} with the reason, if it is refused */
  send(command: ActionCommand): Promise<ActionShape>;
}

/** @param version a new version of the store requests the actions again */
export function useActions(app: number, version: number, onFailed: (error: unknown) => void): Actions {
  const [shape, setShape] = useState<ActionsShape>();
  const [tick, setTick] = useState(0);
  useEffect(() => {
    let isOver = false;
    let timer: ReturnType<typeof setTimeout>;
    getJson<ActionsShape>("actions", new URLSearchParams({ app: String(app) })).then(
      (next) => {
        if (isOver) return;
        setShape(next);
        if (next.actions.some(isRunning)) timer = setTimeout(() => setTick((count) => count + 1), pollMs);
      },
      (error: unknown) => isOver || onFailed(error),
    );
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }, [app, version, tick]);
  return {
    list: shape?.actions,
    isReadOnly: shape?.isReadOnly ?? true,
    async send(command) {
      try {
        return await postJson<ActionShape>("actions", new URLSearchParams({ app: String(app) }), command);
      } finally {
        setTick((count) => count + 1);
      }
    },
  };
}
