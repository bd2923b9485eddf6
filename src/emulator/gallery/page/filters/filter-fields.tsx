/** The fields of the filters: a list of options, and texts. */

import { useEffect, useState } from "preact/hooks";
import { getJson } from "../api.js";

/** A text filter applies when nothing was typed for this time, in milliseconds. */
const typingMs = 250;

interface FieldProps {
  value: string | undefined;
  onChange: (value: string) => void;
}

interface ChoiceProps extends FieldProps {
  label: string;
  children: preact.ComponentChildren;
}

export function Choice({ label, value = "", onChange, children }: ChoiceProps) {
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

interface ValueFilterProps extends FieldProps {
  app: number;
  /** The metadata key. */
  field: string;
}

/** Filters by the value of a metadata key, and suggests existing values. */
export function ValueFilter({ app, field, value, onChange }: ValueFilterProps) {
  const [suggestions, setSuggestions] = useState<string[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    const parameters = new URLSearchParams({ app: String(app), key: field });
    getJson<string[]>("values", parameters, stop.signal).then(
      setSuggestions,
      () => stop.signal.aborted || setSuggestions([]),
    );
    return () => stop.abort();
  }, [app, field]);
  return (
    <>
      <TextFilter label="is" value={value} onChange={onChange} list="values" placeholder="exact value" />
      <datalist id="values">
        {suggestions.map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
    </>
  );
}

interface TextFilterProps extends FieldProps {
  label: string;
  placeholder: string;
  /** Id of a list of suggestions. */
  list?: string;
}

export function TextFilter({ label, value = "", onChange, placeholder, list }: TextFilterProps) {
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
        placeholder={placeholder}
        autocomplete="off"
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </label>
  );
}
