/** One group of the panel: values with their counts, of which any can be chosen. */

import { useState } from "preact/hooks";
import { countText } from "../../../../core/util/format/format.js";

/** Values of a group that are visible at first. */
const maxFolded = 10;

export interface CountedValue {
  /** The value in the filter. */
  id: string;
  text: string;
  count: number;
  title?: string;
  /** It is part of the value above it. */
  isPart?: boolean;
}

interface CountGroupProps {
  name: string;
  values: readonly CountedValue[];
  chosen: readonly string[];
  onChange: (chosen: string[]) => void;
}

export function CountGroup({ name, values, chosen, onChange }: CountGroupProps) {
  const [isUnfolded, setUnfolded] = useState(false);
  const [wanted, setWanted] = useState("");
  // A chosen value stays visible, even if no input has it any more.
  const missing = chosen
    .filter((id) => !values.some((one) => one.id === id))
    .map((id): CountedValue => ({ id, text: id, count: 0 }));
  const found = values.filter(({ text }) => text.toLowerCase().includes(wanted.toLowerCase()));
  const visible = isUnfolded ? found : found.filter(({ id }, index) => index < maxFolded || chosen.includes(id));
  if (values.length + missing.length === 0) return null;
  const toggle = (id: string) => onChange(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id]);
  return (
    <fieldset class="count-group">
      <legend>{name}</legend>
      {isUnfolded && values.length > maxFolded && (
        <input
          type="search"
          aria-label={`Find in ${name}`}
          placeholder={`Find in ${countText(values.length)}`}
          value={wanted}
          onInput={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      {[...missing, ...visible].map(({ id, text, count, title, isPart }) => (
        <label key={id} class={isPart ? "part" : ""} title={title}>
          <input type="checkbox" checked={chosen.includes(id)} onChange={() => toggle(id)} />
          <bdi>{text}</bdi>
          <small>{countText(count)}</small>
        </label>
      ))}
      {values.length > maxFolded && (
        <button type="button" class="clear" aria-expanded={isUnfolded} onClick={() => setUnfolded(!isUnfolded)}>
          {isUnfolded ? "Show fewer" : `Show all ${countText(values.length)}`}
        </button>
      )}
    </fieldset>
  );
}
