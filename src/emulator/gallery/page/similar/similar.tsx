/** Images that look like the open one, with a slider for how similar they must be. */

import { useEffect, useState } from "preact/hooks";
import { countText } from "../../../../core/util/format/format.js";
import type { ItemShape, SimilarShape } from "../../shapes.js";
import { getJson, pictureUrl } from "../api.js";

interface SimilarProps {
  app: number;
  seq: number;
  onOpen: (id: string) => void;
  /** Selects inputs. */
  onSelect: (seqs: readonly number[]) => void;
}

const defaultDistance = 6;
const maxDistance = 20;
/** Wait between two requests while images are compared, in milliseconds. */
const pollMs = 1000;
/** Wait after the slider moved, in milliseconds. */
const restMs = 150;

export function Similar(props: SimilarProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Similar images</summary>
      {isOpen && <Results {...props} />}
    </details>
  );
}

function Results({ app, seq, onOpen, onSelect }: SimilarProps) {
  const [distance, setDistance] = useState(defaultDistance);
  const found = useSimilar(app, seq, distance);
  const items = typeof found === "object" ? found.items : [];
  return (
    <div class="similar">
      <label>
        <span>{`At most ${distance} of 64 bits differ`}</span>
        <input
          type="range"
          min={0}
          max={maxDistance}
          value={distance}
          onInput={(event) => setDistance(Number(event.currentTarget.value))}
        />
      </label>
      <p role="status" class="hint">
        {typeof found === "object" ? textOf(found) : (found ?? "Comparing…")}
      </p>
      <div class="similar-tiles">
        {items.map(({ item, distance: bits }) => (
          <SimilarTile key={item.seq} app={app} item={item} bits={bits} onOpen={onOpen} />
        ))}
      </div>
      {items.length > 0 && (
        <p class="buttons">
          <button type="button" onClick={() => onSelect(items.map(({ item }) => item.seq))}>
            {`Select ${items.length === 1 ? "it" : `these ${countText(items.length)}`}`}
          </button>
          <button type="button" onClick={() => onSelect([seq, ...items.map(({ item }) => item.seq)])}>
            Select with this one
          </button>
        </p>
      )}
    </div>
  );
}

interface SimilarTileProps {
  app: number;
  item: ItemShape;
  bits: number;
  onOpen: (id: string) => void;
}

function SimilarTile({ app, item, bits, onOpen }: SimilarTileProps) {
  return (
    <button type="button" title={item.id} onClick={() => onOpen(item.id)}>
      <img src={pictureUrl(app, "tile", item)} alt={item.id} loading="lazy" />
      <span>{bits === 0 ? "0 bits" : `${bits} ${bits === 1 ? "bit" : "bits"}`}</span>
    </button>
  );
}

function textOf({ items, total, remaining, hasNoDetail }: SimilarShape): string {
  if (hasNoDetail) return "This image has hardly any detail, or cannot be decoded, so it is not compared.";
  const count = total === 0 ? "No similar image" : `${countText(total)} similar`;
  const shown = items.length < total ? `, the first ${countText(items.length)} are shown` : "";
  const open = remaining > 0 ? `. ${countText(remaining)} more images are being compared…` : ".";
  return `${count}${shown}${open}`;
}

/** Returns the similar images, or why there are none. Undefined until the first answer. */
function useSimilar(app: number, seq: number, distance: number): SimilarShape | string | undefined {
  const [answer, setAnswer] = useState<{ seq: number; found: SimilarShape | string }>();
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout>;
    const parameters = new URLSearchParams({ app: String(app), seq: String(seq), distance: String(distance) });
    const ask = () => {
      getJson<SimilarShape>("similar", parameters, stop.signal).then(
        (found) => {
          setAnswer({ seq, found });
          if (found.remaining > 0) timer = setTimeout(ask, pollMs);
        },
        (error: Error) => stop.signal.aborted || setAnswer({ seq, found: error.message }),
      );
    };
    timer = setTimeout(ask, restMs);
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [app, seq, distance]);
  return answer?.seq === seq ? answer.found : undefined;
}
