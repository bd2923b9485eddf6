/** The content of the open input, as large as possible. */

import { useState } from "preact/hooks";
import type { ItemShape, RecordShape } from "../../shapes.js";
import { mediaUrl, pictureUrl } from "../api.js";
import { RegionLabels, Shapes } from "../tiles/shapes-overlay.js";
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
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the text scrolls, so the keyboard must reach it
      <pre class="text" dir="auto" tabIndex={0} data-keys>
        {text}
        {record?.isTextCut && "\n… (the text is longer)"}
      </pre>
    );
  }
  if (sha256 === undefined) {
    return (
      <>
        <KindSign kind={kind} />
        <p class="hint">{item.state === "waiting" ? "The input is being processed." : "No content to show."}</p>
      </>
    );
  }
  // biome-ignore lint/a11y/useMediaCaption: an uploaded video has no captions
  if (kind === "video") return <video src={mediaUrl(app, sha256)} controls preload="metadata" />;
  // biome-ignore lint/a11y/useMediaCaption: an uploaded audio file has no captions
  if (kind === "audio") return <audio src={mediaUrl(app, sha256)} controls preload="metadata" />;
  return <Picture app={app} item={item} />;
}

/** The image with its regions. Its space is reserved before it is loaded. */
function Picture({ app, item }: { app: number; item: ItemShape }) {
  const [loadedSize, setLoadedSize] = useState<[number, number]>();
  const [isBroken, setBroken] = useState(false);
  const [showsRegions, setShowsRegions] = useState(true);
  const { regions } = item;
  const size = loadedSize ?? item.size;
  if (isBroken) {
    return (
      <>
        <KindSign kind="image" />
        <p class="hint">The image cannot be decoded.</p>
      </>
    );
  }
  return (
    <>
      <div class="view" style={size && { "--ratio": size[0] / size[1] }}>
        <img
          src={pictureUrl(app, "view", item)}
          alt={item.id}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setLoadedSize([naturalWidth, naturalHeight])}
          onError={() => setBroken(true)}
        />
        {size && showsRegions && (
          <>
            <Shapes regions={regions} size={size} />
            <RegionLabels regions={regions} />
          </>
        )}
      </div>
      {regions.length > 0 && (
        <label class="region-switch">
          <input
            type="checkbox"
            checked={showsRegions}
            onChange={(event) => setShowsRegions(event.currentTarget.checked)}
          />
          {` Show ${regions.length} ${regions.length === 1 ? "region" : "regions"}`}
        </label>
      )}
    </>
  );
}
