/** Shows one app: filters, map, grid and the open input, kept up to date while inputs are uploaded. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useActions } from "../actions/use-actions.js";
import { RecentChanges, Workbench } from "../actions/workbench.js";
import { Panel, PanelButton, useDrawer } from "../counts/panel.js";
import { useCounts } from "../counts/use-counts.js";
import { Detail } from "../detail/detail.js";
import { LocationsMap } from "../map/locations-map.js";
import { SearchBar } from "../search/search-bar.js";
import { SelectAll } from "../select/select-all.js";
import { useSelection } from "../select/selection.js";
import { countFilters, noFilters, parametersOf, type View } from "../state.js";
import { Grid } from "../tiles/grid.js";
import { Export } from "./export.js";
import { Found } from "./found.js";
import { Header } from "./header.js";
import { InputPages } from "./input-pages.js";
import { useUpdates } from "./use-updates.js";

interface AppBrowserProps {
  app: number;
  /** Chooses another app, if there are several. */
  choice: preact.ComponentChildren;
  view: View;
  change: (change: View) => void;
  /** The current error. */
  problem: string;
  onFailed: (error: unknown) => void;
  onAnswered: () => void;
}

export function AppBrowser({ app, choice, view, change, problem, onFailed, onAnswered }: AppBrowserProps) {
  const isAtTop = useRef(true);
  const scrollToTop = useRef(() => {});
  const parameters = parametersOf(view, app).toString();
  const pages = useInputPages(parameters, onFailed);
  const isFiltered = countFilters(view) > 0;
  const { facets, changes } = useUpdates({ app, parameters, pages, isFiltered, isAtTop, onFailed, onAnswered });
  const hasNew = changes !== undefined && pages.total !== undefined && changes.newest > pages.top;
  const version = changes?.version ?? 0;
  const selection = useSelection(parameters, pages, onFailed);
  const actions = useActions(app, version, onFailed);
  const record = selection.count > 0 ? async () => (await selection.record()).selection : undefined;
  const countsVersion = `${version} ${changes?.indexing ?? 0}`;
  const counts = useCounts({ parameters, isFiltered, facets, version: countsVersion, onFailed });
  const drawer = useDrawer();
  const isOpen = Boolean(view.input || view.seq);
  const open = (id: string) => change({ input: id, seq: "" });
  return (
    <>
      <Header
        {...{ choice, problem, facets }}
        exporting={
          <Export {...{ parameters, onFailed }} total={record ? selection.count : pages.total} select={record} />
        }
        unindexed={changes?.indexing ?? 0}
        hasMap={Boolean(view.map)}
        onMap={(isOn) => change({ map: isOn ? "on" : "" })}
      />
      <SearchBar view={view} change={change}>
        <PanelButton view={view} isOpen={drawer.isOpen} onOpen={drawer.onOpen} />
      </SearchBar>
      <div class="workbench">
        <Panel {...{ app, facets, counts, view, change }} isOpen={drawer.isOpen} onClose={drawer.onClose} />
        <main class={selection.count > 0 ? "selecting" : ""}>
          {view.map && <LocationsMap {...{ parameters, version, view, change, onFailed }} />}
          <Found
            total={pages.total}
            unfiltered={isFiltered ? facets?.total : undefined}
            onClear={isFiltered || view.key ? () => change(noFilters) : undefined}
            onShowNew={hasNew && !isAtTop.current ? () => scrollToTop.current() : undefined}
          >
            <SelectAll selection={selection} total={pages.total} />
            <RecentChanges app={app} actions={actions} />
          </Found>
          {pages.total === 0 ? (
            <p class="empty-state">
              {isFiltered ? "No input matches these filters." : "No inputs yet. Uploaded inputs appear here."}
            </p>
          ) : (
            <Grid
              key={parameters}
              app={app}
              pages={pages}
              selection={selection}
              openId={view.input}
              isOpen={isOpen}
              onOpen={(item) => open(item.id)}
              onScroll={(isTop) => {
                if (isTop && !isAtTop.current) void pages.refresh(true);
                isAtTop.current = isTop;
              }}
              scrollToTop={scrollToTop}
            />
          )}
          <Workbench {...{ app, selection, actions, facets, onFailed }} />
        </main>
      </div>
      {isOpen && (
        <Detail
          id={view.input}
          seq={view.seq}
          onMove={open}
          onClose={() => change({ input: "", seq: "" })}
          onSelect={(seqs) => {
            selection.add(seqs);
            change({ input: "", seq: "" });
          }}
          onFilter={(filter) => change({ ...noFilters, ...filter, input: "", seq: "" })}
          {...{ app, pages, version, problem, onFailed }}
        />
      )}
    </>
  );
}

/** Returns the pages of a listing, and renders again when they change. */
function useInputPages(parameters: string, onFailed: (error: unknown) => void): InputPages {
  const [, render] = useState(0);
  const pages = useMemo(() => {
    return new InputPages(new URLSearchParams(parameters), (error) => {
      if (error) onFailed(error);
      render((count) => count + 1);
    });
  }, [parameters]);
  useEffect(() => () => pages.close(), [pages]);
  return pages;
}
