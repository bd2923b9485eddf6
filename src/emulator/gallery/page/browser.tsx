/** The gallery itself: chooses an app, and waits for the first one. */

import { useCallback, useState } from "preact/hooks";
import type { AppShape } from "../shapes.js";
import { ask, NoSession } from "./api.js";
import { AppBrowser } from "./app-browser.js";
import { usePolling } from "./polling.js";
import { noFilters, useView } from "./state.js";

export function Browser({ onClosed }: { onClosed: () => void }) {
  const [view, change] = useView();
  const [apps, setApps] = useState<AppShape[]>();
  const [problem, setProblem] = useState("");
  const failed = useCallback((error: unknown) => {
    if (error instanceof NoSession) onClosed();
    else setProblem(error instanceof Error ? error.message : String(error));
  }, []);
  const answered = useCallback(() => setProblem(""), []);
  const app = apps?.find(({ key }) => String(key) === view.app) ?? apps?.[0];
  usePolling(async (signal) => {
    if (app) return;
    try {
      setApps(await ask<AppShape[]>("apps", new URLSearchParams(), signal));
      answered();
    } catch (error) {
      if (!signal.aborted) failed(error);
    }
  }, app === undefined);

  if (!app) return apps || problem ? <Empty isKnown={apps !== undefined} problem={problem} /> : null;
  const choice = apps && apps.length > 1 && (
    <select
      aria-label="App"
      value={app.key}
      onChange={(event) => change({ ...noFilters, app: event.currentTarget.value, input: "" })}
    >
      {apps.map(({ key, user, id }) => (
        <option key={key} value={key}>{`${user} / ${id}`}</option>
      ))}
    </select>
  );
  return (
    <AppBrowser
      key={app.key}
      app={app.key}
      choice={choice}
      view={view}
      change={change}
      problem={problem}
      onFailed={failed}
      onAnswered={answered}
    />
  );
}

function Empty({ isKnown, problem }: { isKnown: boolean; problem: string }) {
  return (
    <main class="alone">
      <h1>Sluice gallery</h1>
      {isKnown && (
        <>
          <p>The store is empty. What a flow uploads shows up here by itself. For example, with the store's key:</p>
          <pre>{`CLARIFAI_API_BASE=${location.origin} CLARIFAI_PAT=… npx sluice upload ./photos`}</pre>
        </>
      )}
      <p class="problem" role="alert">
        {problem}
      </p>
    </main>
  );
}
