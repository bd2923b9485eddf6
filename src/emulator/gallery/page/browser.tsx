/** Loads the list of apps and shows one of them. */

import { useCallback, useState } from "preact/hooks";
import type { AppShape } from "../shapes.js";
import { getJson, NoSession } from "./api.js";
import { AppBrowser } from "./app/app-browser.js";
import { usePolling } from "./polling.js";
import { noFilters, useView, type View } from "./state.js";

export function Browser({ onClosed }: { onClosed: () => void }) {
  const [view, change] = useView();
  const [apps, setApps] = useState<AppShape[]>();
  const [problem, setProblem] = useState("");
  const onFailed = useCallback((error: unknown) => {
    if (error instanceof NoSession) onClosed();
    else setProblem(error instanceof Error ? error.message : String(error));
  }, []);
  const onAnswered = useCallback(() => setProblem(""), []);
  const app = apps?.find(({ key }) => String(key) === view.app) ?? apps?.[0];
  usePolling(async (signal) => {
    if (app) return;
    try {
      setApps(await getJson<AppShape[]>("apps", new URLSearchParams(), signal));
      onAnswered();
    } catch (error) {
      if (!signal.aborted) onFailed(error);
    }
  }, app === undefined);

  if (!apps || !app) return apps || problem ? <Empty isLoaded={apps !== undefined} problem={problem} /> : null;
  const choice = apps.length > 1 && <AppChoice apps={apps} app={app.key} change={change} />;
  return <AppBrowser key={app.key} app={app.key} {...{ choice, view, change, problem, onFailed, onAnswered }} />;
}

interface AppChoiceProps {
  apps: readonly AppShape[];
  app: number;
  change: (change: View) => void;
}

function AppChoice({ apps, app, change }: AppChoiceProps) {
  return (
    <select
      aria-label="App"
      value={app}
      onChange={(event) => change({ ...noFilters, app: event.currentTarget.value, input: "", seq: "" })}
    >
      {apps.map(({ key, user, id }) => (
        <option key={key} value={key}>{`${user} / ${id}`}</option>
      ))}
    </select>
  );
}

function Empty({ isLoaded, problem }: { isLoaded: boolean; problem: string }) {
  return (
    <main class="notice">
      <h1>Sluice gallery</h1>
      {isLoaded && (
        <>
          <p>The store is empty. Uploaded inputs appear here without a reload. For example, with the emulator's key:</p>
          <pre>{`CLARIFAI_API_BASE=${location.origin} CLARIFAI_PAT=… npx sluice upload ./photos`}</pre>
        </>
      )}
      <p class="problem" role="alert">
        {problem}
      </p>
    </main>
  );
}
