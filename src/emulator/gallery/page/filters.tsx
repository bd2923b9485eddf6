/** The filters: kind, status, dataset, concept, metadata and a part of the id. */

import { useEffect, useState } from "preact/hooks";
import type { FacetsShape, Kind } from "../shapes.js";
import { ask } from "./api.js";
import type { View } from "./state.js";
import { symbols } from "./tile.js";

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
  const areFailures = statuses.filter((one) => one.state === "failed");
  return (
    <form class="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
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
            <span aria-hidden="true">{symbols[kind]}</span> {kind} <small>{countOf(kind).toLocaleString("en")}</small>
          </button>
        ))}
      </fieldset>
      <Choice label="Status" value={view.status} onChange={(status) => change({ status })}>
        {states.map((state) => (
          <option
            key={state}
            value={state}
          >{`${state} (${sum(statuses.filter((one) => one.state === state))})`}</option>
        ))}
        {areFailures.map(({ code, text, count }) => (
          <option key={code} value={code}>{`${code} ${text} (${count.toLocaleString("en")})`}</option>
        ))}
      </Choice>
      <Choice label="Concept" value={view.concept} onChange={(concept) => change({ concept })}>
        {facets?.concepts.map(({ id, name, count }) => (
          <option key={id} value={id}>{`${name} (${count.toLocaleString("en")})`}</option>
        ))}
      </Choice>
      <Choice label="Dataset" value={view.dataset} onChange={(dataset) => change({ dataset })}>
        {facets?.datasets.map(({ id, count }) => (
          <option key={id} value={id}>{`${id} (${count.toLocaleString("en")})`}</option>
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
      <Typed label="Id" value={view.id} onChange={(id) => change({ id })} />
      <button type="button" aria-pressed={Boolean(view.map)} onClick={() => change({ map: view.map ? "" : "on" })}>
        Map
      </button>
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

function Value({
  app,
  field,
  value,
  onChange,
}: {
  app: number;
  field: string;
  value: string | undefined;
  onChange: (value: string) => void;
}) {
  const [known, setKnown] = useState<string[]>([]);
  useEffect(() => {
    const parameters = new URLSearchParams({ app: String(app), key: field });
    ask<string[]>("values", parameters).then(setKnown, () => setKnown([]));
  }, [app, field]);
  return (
    <>
      <Typed label="is" value={value} onChange={onChange} list="values" />
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
  list?: string;
}

function Typed({ label, value = "", onChange, list }: TypedProps) {
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
        autocomplete="off"
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </label>
  );
}

function sum(entries: readonly { count: number }[]): string {
  return entries.reduce((total, { count }) => total + count, 0).toLocaleString("en");
}
