/** An image that can be enlarged, with its regions and their labels. The image and the regions are laid out in the enlarged size, so lines stay sharp. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ItemShape } from "../../shapes.js";
import { pictureUrl } from "../api.js";
import { isTyping } from "../keys.js";
import { Shapes } from "../tiles/shapes-overlay.js";
import { Labels, regionAt } from "./labels.js";
import { useZoom } from "./use-zoom.js";

interface ZoomableProps {
  app: number;
  item: ItemShape;
  onError: () => void;
}

/** Longest side of the picture that is loaded first. An image that is shown larger is loaded again, with more pixels. */
const viewPixels = 1600;
/** The switches stay as they are when another input is opened. */
const switches = { labels: true, regions: true };

export function Zoomable({ app, item, onError }: ZoomableProps) {
  const { regions } = item;
  const box = useRef<HTMLDivElement>(null);
  const stage = useStage(box);
  const [loaded, setLoaded] = useState<readonly [number, number]>();
  const natural = loaded ?? item.size;
  const size = fitted(natural, stage);
  const { zoom, zoomBy, handlers, onKey } = useZoom(size);
  const [shows, setShows] = useState({ ...switches });
  const [marked, setMarked] = useState<number>();
  const toggle = (name: keyof typeof switches) => {
    switches[name] = !switches[name];
    setShows({ ...switches });
  };
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (isTyping(event) || document.querySelector("dialog.help[open]")) return;
      const key = event.key.toLowerCase();
      if (key === "l") toggle("labels");
      else if (key === "r") toggle("regions");
      else if (!onKey(event)) return;
      event.preventDefault();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  });
  const [width, height] = [size[0] * zoom.scale, size[1] * zoom.scale];
  const isLarge = zoom.scale > 1 && Math.max(width, height) * devicePixelRatio > viewPixels;
  const place = { regions, zoom, size, stage };
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the window handles the keys, and buttons do the same */}
      <div
        ref={box}
        class={`stage ${zoom.scale > 1 ? "zoomed" : ""}`}
        {...handlers}
        onMouseMove={(event) => {
          const { left, top } = event.currentTarget.getBoundingClientRect();
          setMarked(regionAt([event.clientX - left, event.clientY - top], place));
        }}
        onMouseLeave={() => setMarked(undefined)}
      >
        <div
          class="view"
          style={{
            width: `${width}px`,
            height: `${height}px`,
            left: `${stage[0] / 2 + zoom.x - width / 2}px`,
            top: `${stage[1] / 2 + zoom.y - height / 2}px`,
          }}
        >
          <img
            src={pictureUrl(app, "view", item)}
            alt={item.name ?? item.id}
            draggable={false}
            onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setLoaded([naturalWidth, naturalHeight])}
            onError={onError}
          />
          {isLarge && <img src={pictureUrl(app, "zoom", item)} alt="" draggable={false} />}
          {natural && shows.regions && (
            <Shapes regions={regions} size={[natural[0], natural[1]]} marked={marked} scale={zoom.scale} />
          )}
        </div>
        {natural && shows.regions && <Labels {...place} isOn={shows.labels} marked={marked} />}
      </div>
      <p class="stage-controls">
        <button type="button" aria-label="Zoom in" title="Zoom in (+)" onClick={() => zoomBy(1.5)}>
          +
        </button>
        <button type="button" aria-label="Zoom out" title="Zoom out (-)" onClick={() => zoomBy(1 / 1.5)}>
          −
        </button>
        <span role="status">{`${Math.round(zoom.scale * 100)} %`}</span>
        {regions.length > 0 && (
          <>
            <label title="R">
              <input type="checkbox" checked={shows.regions} onChange={() => toggle("regions")} />
              {` ${regions.length} ${regions.length === 1 ? "region" : "regions"}`}
            </label>
            <label title="L">
              <input type="checkbox" checked={shows.labels} onChange={() => toggle("labels")} /> Labels
            </label>
          </>
        )}
      </p>
      {regions.length > 0 && <RegionList regions={regions} onMark={setMarked} />}
    </>
  );
}

/** The names of all regions. A focus or a pointer on a name marks its region. */
function RegionList({ regions, onMark }: Pick<ItemShape, "regions"> & { onMark: (index: number | undefined) => void }) {
  return (
    <p class="region-list">
      {regions.map(({ concepts }, index) => (
        <button
          key={index}
          type="button"
          class="chip"
          onFocus={() => onMark(index)}
          onBlur={() => onMark(undefined)}
          onMouseEnter={() => onMark(index)}
          onMouseLeave={() => onMark(undefined)}
        >
          <bdi>{concepts.join(", ") || "(no class)"}</bdi>
        </button>
      ))}
    </p>
  );
}

/** Returns the size of the whole image in the stage. */
function fitted(
  natural: readonly [number, number] | undefined,
  stage: readonly [number, number],
): readonly [number, number] {
  if (!natural || stage[0] === 0) return [stage[0], stage[1]];
  const scale = Math.min(stage[0] / natural[0], stage[1] / natural[1]);
  return [natural[0] * scale, natural[1] * scale];
}

/** Returns the size of the stage, also after it changes. */
function useStage(box: { readonly current: HTMLElement | null }): readonly [number, number] {
  const [size, setSize] = useState<readonly [number, number]>([0, 0]);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const measure = () => setSize([element.clientWidth, element.clientHeight]);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return size;
}
