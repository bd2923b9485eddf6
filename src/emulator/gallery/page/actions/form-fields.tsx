/** The fields of the forms for concepts, metadata and datasets. */

import { useEffect, useState } from "preact/hooks";
import type { ActionRequest } from "../../actions/shapes.js";
import type { FacetsShape } from "../../shapes.js";

/** The action of a form. Undefined: a field is empty or invalid. */
export interface Draft {
  action?: ActionRequest;
}

interface FieldsProps {
  facets: FacetsShape | undefined;
  onChange: (draft: Draft) => void;
}

type Mode = "add" | "remove";

export function LabelFields({ facets, onChange }: FieldsProps) {
  const [mode, setMode] = useState<Mode>("add");
  const [concept, setConcept] = useState("");
  useEffect(() => {
    onChange(concept.trim() === "" ? {} : { action: { kind: `${mode}-concept`, concept: concept.trim() } });
  }, [mode, concept]);
  const options = facets?.concepts.map(({ name }) => name) ?? [];
  return (
    <>
      <Modes mode={mode} names={{ add: "Add", remove: "Remove" }} onChange={setMode} />
      <Entry label="Concept" value={concept} options={options} onChange={setConcept} />
      <p class="hint">The concept of the whole input. Concepts of its regions stay.</p>
    </>
  );
}

export function DatasetFields({ facets, onChange }: FieldsProps) {
  const [mode, setMode] = useState<Mode>("add");
  const [dataset, setDataset] = useState("");
  const id = dataset.trim();
  useEffect(() => {
    const kind = mode === "add" ? "add-to-dataset" : "remove-from-dataset";
    onChange(id === "" ? {} : { action: { kind, dataset: id } });
  }, [mode, id]);
  const options = facets?.datasets.map((one) => one.id) ?? [];
  return (
    <>
      <Modes mode={mode} names={{ add: "Add to", remove: "Remove from" }} onChange={setMode} />
      <Entry label="Dataset" value={dataset} options={options} onChange={setDataset} />
      {mode === "add" && id !== "" && !options.includes(id) && <p class="hint">A new dataset is created.</p>}
    </>
  );
}

type ValueType = "text" | "number" | "boolean";

export function TagFields({ facets, onChange }: FieldsProps) {
  const [mode, setMode] = useState<Mode>("add");
  const [key, setKey] = useState("");
  const [text, setText] = useState("");
  const [type, setType] = useState<ValueType>("text");
  useEffect(() => {
    const name = key.trim();
    const value = valueOfText(text, type);
    if (name === "" || (mode === "add" && value === undefined)) return onChange({});
    if (mode === "remove") return onChange({ action: { kind: "remove-metadata", key: name } });
    onChange({ action: { kind: "set-metadata", key: name, value: value as string | number | boolean } });
  }, [mode, key, text, type]);
  return (
    <>
      <Modes mode={mode} names={{ add: "Set", remove: "Remove" }} onChange={setMode} />
      <Entry label="Metadata key" value={key} options={facets?.keys ?? []} onChange={setKey} />
      {mode === "add" && (
        <p class="pair">
          {type === "boolean" ? (
            <label>
              <span>Value</span>
              <select value={text} onChange={(event) => setText(event.currentTarget.value)}>
                <option value="" />
                <option>true</option>
                <option>false</option>
              </select>
            </label>
          ) : (
            <Entry label="Value" value={text} options={[]} onChange={setText} />
          )}
          <label>
            <span>Type</span>
            <select
              value={type}
              onChange={(event) => {
                setType(event.currentTarget.value as ValueType);
                setText("");
              }}
            >
              <option value="text">text</option>
              <option value="number">number</option>
              <option value="boolean">true or false</option>
            </select>
          </label>
        </p>
      )}
    </>
  );
}

/** Returns the value of a text. Undefined: it has none of this type. */
function valueOfText(text: string, type: ValueType): string | number | boolean | undefined {
  if (type === "text") return text === "" ? undefined : text;
  if (type === "boolean") return text === "" ? undefined : text === "true";
  const number = Number(text);
  return text.trim() === "" || !Number.isFinite(number) ? undefined : number;
}

interface ModesProps {
  mode: Mode;
  names: Record<Mode, string>;
  onChange: (mode: Mode) => void;
}

function Modes({ mode, names, onChange }: ModesProps) {
  return (
    <fieldset class="modes">
      {(["add", "remove"] as const).map((one) => (
        <label key={one}>
          <input type="radio" name="mode" checked={mode === one} onChange={() => onChange(one)} />
          {names[one]}
        </label>
      ))}
    </fieldset>
  );
}

interface EntryProps {
  label: string;
  value: string;
  /** Suggestions. */
  options: readonly string[];
  onChange: (text: string) => void;
}

function Entry({ label, value, options, onChange }: EntryProps) {
  const list = `options-${label.replace(" ", "-")}`;
  return (
    <label>
      <span>{label}</span>
      <input
        value={value}
        list={list}
        autocomplete="off"
        maxLength={500}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
      <datalist id={list}>
        {options.map((text) => (
          <option key={text} value={text} />
        ))}
      </datalist>
    </label>
  );
}
