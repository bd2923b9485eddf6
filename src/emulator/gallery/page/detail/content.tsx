/** The content of the input that is open, as large as there is room. */

import { useState } from "preact/hooks";
import type { ItemShape, RecordShape } from "../../shapes.js";
import { mediaUrl, pictureUrl } from "../api.js";
import { colourOf, Shapes } from "../tiles/shapes-overlay.js";
import { KindSign } from "../tiles/tile-parts.js";

interface ContentProps {
  app: number;
  item: ItemShape;
  record: RecordShape | undefined;
}

export function Content({ app, item, record }: ContentProps) {
  const { kind, sha256 } = item;
  const text = record?.text ?? (kind === "text" ? item.text : undefined);
  if (text !== undefined) {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and so the keyboard has to reach it
      <pre class="text" dir="auto" tabIndex={0} data-keys>
        {text}
        {record?.textIsCut && "\n… it goes on"}
      </pre>
    );
  }
  if (sha256 === undefined) {
    return (
      <>
        <KindSign kind={kind} />
        <p class="hint">{item.state === "waiting" ? "It is being processed." : "There is nothing to show."}</p>
      </>
    );
  }
  // biome-ignore lint/a11y/useMediaCaption: what was uploaded has none
  if (kind === "video") return <video src={mediaUrl(app, sha256)} controls preload="metadata" />;
  // biome-ignore lint/a11y/useMediaCaption: what was uploaded has none
  if (kind === "audio") return <audio src={mediaUrl(app, sha256)} controls preload="metadata" />;
  return <Picture app={app} item={item} />;
}

/** The image with what is drawn on it. Its room is there before it is. */
function Picture({ app, item }: { app: number; item: ItemShape }) {
  const [loaded, setLoaded] = useState<[number, number]>();
  const [isBroken, setBroken] = useState(false);
  const [isDrawn, setDrawn] = useState(true);
  const { regions } = item;
  const size = loaded ?? item.size;
  if (isBroken) {
    return (
      <>
        <KindSign kind="image" />
        <p class="hint">No picture can be made of it.</p>
      </>
    );
  }
  return (
    <>
      <div class="view" style={size && { "--ratio": size[0] / size[1] }}>
        <img
          src={pictureUrl(app, "view", item)}
          alt={item.id}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setLoaded([naturalWidth, naturalHeight])}
          onError={() => setBroken(true)}
        />
        {size && isDrawn && (
          <>
            <Shapes regions={regions} size={size} />
            {regions.map((region, index) => {
              const [x, y] = region.box ?? region.polygon?.[0] ?? [0, 0];
              return (
                <bdi key={index} class={`mark ${colourOf(region)}`} style={{ left: `${x * 100}%`, top: `${y * 100}%` }}>
                  {region.concepts.join(", ")}
                </bdi>
              );
            })}
          </>
        )}
      </div>
      {regions.length > 0 && (
        <label class="drawn">
          <input type="checkbox" checked={isDrawn} onChange={(event) => setDrawn(event.currentTarget.checked)} />
          {` ${regions.length} drawn`}
        </label>
      )}
    </>
  );
}
