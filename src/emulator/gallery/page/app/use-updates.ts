/** Polls for changes of the store, and refreshes the facets and the visible pages. */

import { useState } from "preact/hooks";
import type { ChangesShape, FacetsShape } from "../../shapes.js";
import { getJson } from "../api.js";
import { usePolling } from "../polling.js";
import type { InputPages } from "./input-pages.js";

interface UpdatesOptions {
  app: number;
  parameters: string;
  pages: InputPages;
  isFiltered: boolean;
  /** Whether the grid is scrolled to the top, where it shows new inputs. */
  isAtTop: { readonly current: boolean };
  onFailed: (error: unknown) => void;
  onAnswered: () => void;
}

/** Returns the facets and the latest state of the store. Both are undefined before the first answer. */
export function useUpdates({ app, parameters, pages, isFiltered, isAtTop, onFailed, onAnswered }: UpdatesOptions) {
  const [facets, setFacets] = useState<FacetsShape>();
  const [changes, setChanges] = useState<ChangesShape>();
  usePolling(async (signal) => {
    const ofApp = new URLSearchParams({ app: String(app) });
    try {
      const next = await getJson<ChangesShape>("changes", ofApp, signal);
      onAnswered();
      const hasChanged = next.version !== changes?.version;
      if (hasChanged || next.indexing !== changes?.indexing || !facets) {
        setFacets(await getJson<FacetsShape>("facets", ofApp, signal));
        if (changes && (hasChanged || isFiltered)) await pages.refresh(isAtTop.current);
      }
      if (pages.isIncomplete) await pages.refresh(false);
      setChanges(next);
    } catch (error) {
      if (!signal.aborted) onFailed(error);
    }
  }, parameters);
  return { facets, changes };
}
