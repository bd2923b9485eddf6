/** The filters: kind, status, concept, dataset, metadata, id and area. */

import { useState } from "preact/hooks";
import { kinds } from "../../../../core/input/kinds.js";
import { countText } from "../../../../core/util/format/format.js";
import type { FacetsShape } from "../../shapes.js";
import { countFilters, type View } from "../state.js";
import { symbols } from "../tiles/tile-parts.js";
import { Choice, TextFilter, ValueFilter } from "./filter-fields.js";

interface FilterProps {
  facets: FacetsShape | undefined;
  view: View;
  change: (change: View) => void;
}

export function Filters({ app, facets, view, change }: FilterProps & { app: number }) {
  const [isUnfolded, setUnfolded] = useState(false);
  const used = countFilters(view);
  return (
    <form
      class={`filters ${isUnfolded ? "unfolded" : ""}`}
      aria-label="Filters"
      onSubmit={(event) => event.preventDefault()}
    >
      <button type="button" class="fold" aria-expanded={isUnfolded} onClick={() => setUnfolded(!isUnfolded)}>
        {`Filters${used > 0 ? ` (${used})` : ""} ${isUnfolded ? "▴" : "▾"}`}
      </button>
      <KindFilter facets={facets} view={view} change={change} />
      <StatusFilter facets={facets} view={view} change={change} />
      <Choice label="Concept" value={view.concept?.[0]} onChange={(one) => change({ concept: one ? [one] : [] })}>
        {facets?.concepts.map(({ id, name, count }) => (
          <option key={id} value={id}>{`${name} (${countText(count)})`}</option>
        ))}
      </Choice>
      <Choice label="Dataset" value={view.dataset?.[0]} onChange={(one) => change({ dataset: one ? [one] : [] })}>
        {facets?.datasets.map(({ id, count }) => (
          <option key={id} value={id}>{`${id} (${countText(count)})`}</option>
        ))}
      </Choice>
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
      <TextFilter label="Search" value={view.q} onChange={(q) => change({ q })} placeholder="Names, ids and texts" />
      {view.area && (
        <button type="button" class="chip" onClick={() => change({ area: "" })}>
          In the map area ✕
        </button>
      )}
    </form>
  );
}

function KindFilter({ facets, view, change }: FilterProps) {
  return (
    <fieldset class="kinds">
      <legend>Kind</legend>
      {kinds.map((kind) => {
        const count = facets?.kinds.find((entry) => entry.kind === kind)?.count ?? 0;
        const isChosen = view.kind?.includes(kind) ?? false;
        return (
          <button
            key={kind}
            type="button"
            aria-pressed={isChosen}
            disabled={count === 0 && !isChosen}
            onClick={() => change({ kind: isChosen ? [] : [kind] })}
          >
            <span aria-hidden="true">{symbols[kind]}</span> {kind} <small>{countText(count)}</small>
          </button>
        );
      })}
    </fieldset>
  );
}

function StatusFilter({ facets, view, change }: FilterProps) {
  const statuses = facets?.statuses ?? [];
  const states = (["ready", "waiting", "failed"] as const).filter((state) =>
    statuses.some((one) => one.state === state),
  );
  const failures = statuses.filter((one) => one.state === "failed");
  return (
    <Choice label="Status" value={view.status?.[0]} onChange={(one) => change({ status: one ? [one] : [] })}>
      {states.map((state) => (
        <option key={state} value={state}>
          {`${state} (${countText(statuses.reduce((sum, one) => sum + (one.state === state ? one.count : 0), 0))})`}
        </option>
      ))}
      {failures.map(({ code, text, count }) => (
        <option key={code} value={code}>{`${code} ${text} (${countText(count)})`}</option>
      ))}
    </Choice>
  );
}
