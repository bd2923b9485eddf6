/** The filters: kind, status, dataset, concept, metadata and a part of the id. */

import { useEffect, useState } from "preact/hooks";
import { countText } from "../../../core/util/format.js";
import type { FacetsShape, Kind } from "../shapes.js";
import { ask } from "./api.js";
import { filtersIn, type View } from "./state.js";
import { symbols } from "./tiles/tile-parts.js";

interface FiltersProps {
  app: number;
  facets: FacetsShape | undefined;
  view: View;
  change: (change: View) => void;
}

const kinds: readonly Kind[] = ["image", "video", "audio", "text"];
/** A text is looked for when nothing was typed for so long, in milliseconds. */
const typingMs = 250;

export function Filters({ app, facets, view, change }: FiltersProps) {
  const countOf = (kind: Kind) => facets?.kinds.find((entry) => entry.kind === kind)?.count ?? 0;
  const statuses = facets?.statuses ?? [];
  const states = (["ready", "waiting", "failed"] as const).filter((state) =>
    statuses.some((one) => one.state === state),
  );
  const failures = statuses.filter((one) => one.state === "failed");
  const [isUnfolded, setUnfolded] = useState(false);
  const used = filtersIn(view);
  return (
    <form
      class={`filters ${isUnfolded ? "unfolded" : ""}`}
      aria-label="Filters"
      onSubmit={(event) => event.preventDefault()}
    >
      <button type="button" class="fold" aria-expanded={isUnfolded} onClick={() => setUnfolded(!isUnfolded)}>
        {`Filters${used > 0 ? ` (${used})` : ""} ${isUnfolded ? "▴" : "▾"}`}
      </button>
      <fieldset class="kinds">
        <legend>Kind</legend>
        {kinds.map((kind) => (
          <button
            key={kind}
            type="button"
            aria-pressed={view.kind === kind}
            disabled={countOf(kind) === 0 && view.kind !== kind}
            onClick={() => change({ kind: view.kind === kind ? "" : kind })}
          >
            <span aria-hidden="true">{symbols[kind]}</span> {kind} <small>{countText(countOf(kind))}</small>
          </button>
        ))}
      </fieldset>
      <Choice label="Status" value={view.status} onChange={(status) => change({ status })}>
        {states.map((state) => (
          <option key={state} value={state}>
            {`${state} (${countText(statuses.reduce((sum, one) => sum + (one.state === state ? one.count : 0), 0))})`}
          </option>
        ))}
        {failures.map(({ code, text, count }) => (
          <option key={code} value={code}>{`${code} ${text} (${countText(count)})`}</option>
        ))}
      </Choice>
      <Choice label="Concept" value={view.concept} onChange={(concept) => change({ concept })}>
        {facets?.concepts.map(({ id, name, count }) => (
          <option key={id} value={id}>{`${name} (${countText(count)})`}</option>
        ))}
      </Choice>
      <Choice label="Dataset" value={view.dataset} onChange={(dataset) => change({ dataset })}>
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
      {view.key && <Value app={app} field={view.key} value={view.value} onChange={(value) => change({ value })} />}
      <Typed label="Id" value={view.id} onChange={(id) => change({ id })} hint="a part of it" />
      {view.area && (
        <button type="button" class="chip" onClick={() => change({ area: "" })}>
          In the area ✕
        </button>
      )}
    </form>
  );
}

interface ChoiceProps {
  label: string;
  value: string | undefined;
  onChange: (value: string) => void;
  children: preact.ComponentChildren;
}

function Choice({ label, value = "", onChange, children }: ChoiceProps) {
  return (
    <label>
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        <option value="">any</option>
        {children}
      </select>
    </label>
  );
}

interface ValueProps {
  app: number;
  field: string;
  value: string | undefined;
  onChange: (value: string) => void;
}

function Value({ app, field, value, onChange }: ValueProps) {
  const [known, setKnown] = useState<string[]>([]);
  useEffect(() => {
    const off = new AbortController();
    const parameters = new URLSearchParams({ app: String(app), key: field });
    ask<string[]>("values", parameters, off.signal).then(setKnown, () => off.signal.aborted || setKnown([]));
    return () => off.abort();
  }, [app, field]);
  return (
    <>
      <Typed label="is" value={value} onChange={onChange} list="values" hint="the whole value" />
      <datalist id="values">
        {known.map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
    </>
  );
}

interface TypedProps {
  label: string;
  value: string | undefined;
  onChange: (value: string) => void;
  hint: string;
  list?: string;
}

function Typed({ label, value = "", onChange, hint, list }: TypedProps) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => onChange(text), typingMs);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <label>
      <span>{label}</span>
      <input
        type="search"
        value={text}
        list={list}
        placeholder={hint}
        autocomplete="off"
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </label>
  );
}
