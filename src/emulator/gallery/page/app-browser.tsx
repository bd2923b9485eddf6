/** One app: filters, map, grid and the input that is open, kept up to date while uploads go on. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { countText } from "../../../core/util/format.js";
import type { ChangesShape, FacetsShape, State } from "../shapes.js";
import { ask } from "./api.js";
import { Detail } from "./detail/detail.js";
import { Filters } from "./filters.js";
import { InputPages } from "./input-pages.js";
import { PlacesMap } from "./places-map.js";
import { usePolling } from "./polling.js";
import { filtersIn, noFilters, parametersOf, type View } from "./state.js";
import { Grid } from "./tiles/grid.js";

interface AppBrowserProps {
  app: number;
  /** Chooses another app, where there are several. */
  choice: preact.ComponentChildren;
  view: View;
  change: (change: View) => void;
  /** What goes wrong just now. */
  problem: string;
  onFailed: (error: unknown) => void;
  onAnswered: () => void;
}

export function AppBrowser({ app, choice, view, change, problem, onFailed, onAnswered }: AppBrowserProps) {
  const [facets, setFacets] = useState<FacetsShape>();
  const [changes, setChanges] = useState<ChangesShape>();
  const [, redraw] = useState(0);
  const atTop = useRef(true);
  const toTop = useRef(() => {});

  const parameters = parametersOf(view, app).toString();
  const pages = useMemo(() => {
    return new InputPages(new URLSearchParams(parameters), (error) => {
      if (error) onFailed(error);
      redraw((count) => count + 1);
    });
  }, [parameters]);
  useEffect(() => () => pages.close(), [pages]);

  usePolling(async (signal) => {
    const subject = new URLSearchParams({ app: String(app) });
    try {
      const next = await ask<ChangesShape>("changes", subject, signal);
      onAnswered();
      const isNew = next.version !== changes?.version;
      if (isNew || next.indexing !== changes?.indexing || !facets) {
        setFacets(await ask<FacetsShape>("facets", subject, signal));
        if (changes && (isNew || filtersIn(view) > 0)) await pages.refresh(atTop.current);
      }
      if (pages.isIncomplete) await pages.refresh(false);
      setChanges(next);
    } catch (error) {
      if (!signal.aborted) onFailed(error);
    }
  }, parameters);

  const waitingNew = changes && pages.total !== undefined && !atTop.current && changes.newest > pages.top;
  const isNarrowed = filtersIn(view) > 0;
  return (
    <>
      <header>
        <h1>Sluice</h1>
        {choice}
        <Counts facets={facets} indexing={changes?.indexing ?? 0} />
        <span class="problem" role="alert">
          {problem}
        </span>
        <button type="button" aria-pressed={Boolean(view.map)} onClick={() => change({ map: view.map ? "" : "on" })}>
          Map
        </button>
      </header>
      <Filters app={app} facets={facets} view={view} change={change} />
      {view.map && (
        <PlacesMap
          parameters={parameters}
          version={changes?.version ?? 0}
          view={view}
          change={change}
          onFailed={onFailed}
        />
      )}
      <main>
        <p class="found">
          <span role="status">{foundText(pages.total, isNarrowed ? facets?.total : undefined)}</span>
          {(isNarrowed || view.key) && (
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
            {isNarrowed ? "No input fits these filters." : "No inputs yet. What a flow uploads shows up here."}
          </p>
        ) : (
          <Grid
            key={parameters}
            app={app}
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
      {view.input && (
        <Detail
          app={app}
          seq={Number(view.input)}
          pages={pages}
          version={changes?.version ?? 0}
          problem={problem}
          onMove={(seq) => change({ input: String(seq) })}
          onClose={() => change({ input: "" })}
          onFilter={(filter) => change({ ...noFilters, ...filter, input: "" })}
          onFailed={onFailed}
        />
      )}
    </>
  );
}

function Counts({ facets, indexing }: { facets: FacetsShape | undefined; indexing: number }) {
  if (!facets) return <span class="counts">…</span>;
  const sum = (state: State) =>
    facets.statuses.filter((entry) => entry.state === state).reduce((total, { count }) => total + count, 0);
  const [waiting, failures] = [sum("waiting"), sum("failed")];
  return (
    <span class="counts">
      <span>
        <b>{countText(facets.total)}</b> {facets.total === 1 ? "input" : "inputs"}
      </span>
      {waiting > 0 && <span class="waiting">{countText(waiting)} waiting</span>}
      {failures > 0 && <span class="failed">{countText(failures)} failed</span>}
      {indexing > 0 && <span class="hint">looking through {countText(indexing)} more…</span>}
    </span>
  );
}

/** `all`: how many there are without the filters. */
function foundText(total: number | undefined, all: number | undefined): string {
  if (total === undefined) return "Loading…";
  if (all !== undefined) return `${countText(total)} of ${countText(Math.max(all, total))} fit, newest first`;
  return total === 0 ? "" : `${countText(total)}, newest first`;
}
