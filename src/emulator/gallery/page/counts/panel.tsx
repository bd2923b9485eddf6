/** The panel of filters: counts by status, kind, class and dataset, and the metadata. On narrow windows it is a drawer. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { CountsShape, FacetsShape, State } from "../../shapes.js";
import { Choice, ValueFilter } from "../filters/filter-fields.js";
import { countFilters, type GroupPart, type View } from "../state.js";
import { type CountedValue, CountGroup } from "./count-group.js";

interface PanelProps {
  app: number;
  facets: FacetsShape | undefined;
  counts: CountsShape | undefined;
  view: View;
  change: (change: View) => void;
  isOpen: boolean;
  onClose: () => void;
}

export function Panel({ app, facets, counts, view, change, isOpen, onClose }: PanelProps) {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isOpen) panel.current?.querySelector("button")?.focus();
  }, [isOpen]);
  const group = (name: string, part: GroupPart, values: CountedValue[]) => (
    <CountGroup
      name={name}
      values={values}
      chosen={view[part] ?? []}
      onChange={(chosen) => change({ [part]: chosen })}
    />
  );
  return (
    <aside
      ref={panel}
      class={`panel ${isOpen ? "open" : ""}`}
      aria-label="Filters"
      onKeyDown={(event) => event.key === "Escape" && onClose()}
    >
      <button type="button" class="close-panel" onClick={onClose}>
        Show the inputs
      </button>
      {group("Status", "status", statusValues(counts))}
      {group("Kind", "kind", counts?.kinds.map(({ kind, count }) => ({ id: kind, text: kind, count })) ?? [])}
      {group("Class", "concept", counts?.concepts.map(({ id, name, count }) => ({ id, text: name, count })) ?? [])}
      {group(
        "Dataset",
        "dataset",
        counts?.datasets.filter(({ count }) => count > 0).map(({ id, count }) => ({ id, text: id, count })) ?? [],
      )}
      {(facets?.keys.length ?? 0) > 0 && (
        <div class="count-group">
          <Choice label="Metadata" value={view.key} onChange={(key) => change({ key, value: "" })}>
            {facets?.keys.map((key) => (
              <option key={key} value={key}>
                {key}
              </option>
            ))}
          </Choice>
          {view.key && (
            <ValueFilter app={app} field={view.key} value={view.value} onChange={(value) => change({ value })} />
          )}
        </div>
      )}
      {view.area && (
        <button type="button" class="chip" onClick={() => change({ area: "" })}>
          In the map area ✕
        </button>
      )}
    </aside>
  );
}

/** Opens the drawer on narrow windows. */
export function PanelButton({ view, isOpen, onOpen }: { view: View; isOpen: boolean; onOpen: () => void }) {
  const used = countFilters({ ...view, q: "" });
  return (
    <button type="button" class="open-panel" aria-expanded={isOpen} onClick={onOpen}>
      {`Filters${used > 0 ? ` (${used})` : ""}`}
    </button>
  );
}

/** Whether the drawer is open. */
export function useDrawer() {
  const [isOpen, setOpen] = useState(false);
  return { isOpen, onOpen: () => setOpen(!isOpen), onClose: () => setOpen(false) };
}

/** The states, and below "failed" its reasons. */
function statusValues(counts: CountsShape | undefined): CountedValue[] {
  const statuses = counts?.statuses ?? [];
  return (["ready", "waiting", "failed"] satisfies State[]).flatMap((state): CountedValue[] => {
    const own = statuses.filter((one) => one.state === state);
    if (own.length === 0) return [];
    const whole = { id: state, text: state, count: own.reduce((sum, { count }) => sum + count, 0) };
    if (state !== "failed") return [whole];
    const reasons = own.map(({ code, text, count }): CountedValue => {
      return { id: String(code), text, count, title: `Code ${code}`, isPart: true };
    });
    return [whole, ...reasons];
  });
}
