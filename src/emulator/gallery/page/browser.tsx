/** The gallery itself: filters, map, grid and the input that is open, kept up to date while uploads go on. */

import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { AppShape, ChangesShape, FacetsShape } from "../shapes.js";
import { ask, NoSession } from "./api.js";
import { Detail } from "./detail.js";
import { Filters } from "./filters.js";
import { Grid } from "./grid.js";
import { InputPages } from "./input-pages.js";
import { PlacesMap } from "./places-map.js";
import { isFiltered, noFilters, parametersOf, useView } from "./state.js";

/** How often the page asks whether something changed, in milliseconds. */
const pollMs = 1000;

export function Browser({ onClosed }: { onClosed: () => void }) {
  const [view, change] = useView();
  const [apps, setApps] = useState<AppShape[]>();
  const [facets, setFacets] = useState<FacetsShape>();
  const [changes, setChanges] = useState<ChangesShape>();
  const [problem, setProblem] = useState("");
  const [, redraw] = useState(0);
  const atTop = useRef(true);
  const toTop = useRef(() => {});

  const failed = useCallback((error: unknown) => {
    if (error instanceof NoSession) onClosed();
    else setProblem(error instanceof Error ? error.message : String(error));
  }, []);
  const app = apps?.find(({ key }) => String(key) === view.app) ?? apps?.[0];
  const parameters = app && parametersOf(view, app.key).toString();
  const pages = useMemo(() => {
    if (parameters === undefined) return undefined;
    return new InputPages(new URLSearchParams(parameters), (error) => {
      if (error) failed(error);
      redraw((count) => count + 1);
    });
  }, [parameters]);
  useEffect(() => () => pages?.close(), [pages]);

  useEffect(() => {
    const loadApps = () => ask<AppShape[]>("apps", new URLSearchParams()).then(setApps, failed);
    void loadApps();
    if (apps?.length === 0) {
      const timer = setInterval(loadApps, pollMs);
      return () => clearInterval(timer);
    }
    return undefined;
  }, [apps?.length === 0]);

  usePolling(async () => {
    if (!app || !pages) return;
    try {
      const next = await ask<ChangesShape>("changes", new URLSearchParams({ app: String(app.key) }));
      setProblem("");
      const isNew = next.version !== changes?.version;
      const isIndexed = next.indexing !== changes?.indexing;
      if (isNew || isIndexed || !facets) {
        setFacets(await ask<FacetsShape>("facets", new URLSearchParams({ app: String(app.key) })));
        if (changes && (isNew || isFiltered(view))) await pages.refresh(atTop.current);
      }
      setChanges(next);
    } catch (error) {
      if (error instanceof NoSession) onClosed();
      else setProblem("The store does not answer.");
    }
  }, `${parameters}`);

  const waitingNew = changes && pages?.total !== undefined && !atTop.current && changes.newest > pages.top;
  if (apps?.length === 0) return <Empty />;
  return (
    <>
      <header>
        <h1>Sluice</h1>
        {apps && apps.length > 1 && (
          <select
            aria-label="App"
            value={app?.key}
            onChange={(event) => change({ ...noFilters, app: event.currentTarget.value, input: "" })}
          >
            {apps.map(({ key, user, id }) => (
              <option key={key} value={key}>{`${user} / ${id}`}</option>
            ))}
          </select>
        )}
        <Counts facets={facets} indexing={changes?.indexing ?? 0} />
        <span class="problem" role="alert">
          {problem}
        </span>
      </header>
      {app && <Filters app={app.key} facets={facets} view={view} change={change} />}
      {app && parameters !== undefined && view.map && (
        <PlacesMap
          parameters={parameters}
          version={changes?.version ?? 0}
          view={view}
          change={change}
          onFailed={failed}
        />
      )}
      {app && pages && (
        <main>
          <p class="found" role="status">
            {foundText(pages.total, isFiltered(view))}
            {(isFiltered(view) || view.key) && (
              <button type="button" class="clear" onClick={() => change(noFilters)}>
                Clear the filters
              </button>
            )}
            {waitingNew && (
              <button type="button" class="new" onClick={() => toTop.current()}>
                New inputs ↑
              </button>
            )}
          </p>
          {pages.total === 0 ? (
            <p class="nothing">
              {isFiltered(view) ? "No input fits these filters." : "No inputs yet. What a flow uploads shows up here."}
            </p>
          ) : (
            <Grid
              key={parameters}
              app={app.key}
              pages={pages}
              openSeq={view.input === undefined ? undefined : Number(view.input)}
              onOpen={(item) => change({ input: String(item.seq) })}
              onScroll={(isTop) => {
                if (isTop && !atTop.current) void pages.refresh(true);
                atTop.current = isTop;
              }}
              toTop={toTop}
            />
          )}
        </main>
      )}
      {app && pages && view.input && (
        <Detail
          app={app.key}
          seq={Number(view.input)}
          pages={pages}
          version={changes?.version ?? 0}
          onMove={(seq) => change({ input: String(seq) })}
          onClose={() => change({ input: "" })}
          onFilter={(filter) => change({ ...noFilters, ...filter, input: "" })}
          onFailed={failed}
        />
      )}
    </>
  );
}

function Counts({ facets, indexing }: { facets: FacetsShape | undefined; indexing: number }) {
  if (!facets) return <span class="counts">…</span>;
  const sum = (state: string) =>
    facets.statuses.filter((entry) => entry.state === state).reduce((total, { count }) => total + count, 0);
  const [waiting, failures] = [sum("waiting"), sum("failed")];
  return (
    <span class="counts">
      <b>{facets.total.toLocaleString("en")}</b> {facets.total === 1 ? "input" : "inputs"}
      {waiting > 0 && <span class="waiting">{waiting.toLocaleString("en")} waiting</span>}
      {failures > 0 && <span class="failed">{failures.toLocaleString("en")} failed</span>}
      {indexing > 0 && <span class="hint">looking through {indexing.toLocaleString("en")} more…</span>}
    </span>
  );
}

function Empty() {
  return (
    <main class="sign-in">
      <h1>Sluice gallery</h1>
      <p>The store is empty. What a flow uploads shows up here by itself.</p>
    </main>
  );
}

function foundText(total: number | undefined, isFiltered: boolean): string {
  if (total === undefined) return "Loading…";
  const count = total.toLocaleString("en");
  return isFiltered ? `${count} ${total === 1 ? "fits" : "fit"}` : `${count}, newest first`;
}

/** Calls again a while after each answer, so that a slow store is not asked more than it answers; not while the page is hidden. */
function usePolling(poll: () => Promise<void>, restart: string): void {
  const latest = useRef(poll);
  latest.current = poll;
  useEffect(() => {
    let stopped = false;
    let timer: ReturnType<typeof setTimeout>;
    const next = async () => {
      if (!document.hidden) await latest.current();
      if (!stopped) timer = setTimeout(next, pollMs);
    };
    void next();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [restart]);
}
