/** A tile of the grid: a picture, the beginning of a text, or the symbol of the kind. */

import { useState } from "preact/hooks";
import type { ItemShape } from "../../shapes.js";
import { mediaUrl, pictureUrl } from "../api.js";
import { Shapes } from "./shapes-overlay.js";
import { KindSign } from "./tile-parts.js";
import { VideoFrame } from "./video-frame.js";
import { maxWaveformBytes, Waveform } from "./waveform.js";

export function Tile({ app, item }: { app: number; item: ItemShape | undefined }) {
  if (!item) return <div class="picture" />;
  return (
    <>
      <div class="picture">
        <Content app={app} item={item} />
        {item.state !== "ready" && (
          <span class={`badge ${item.state}`} title={`${item.status} (${item.code})`}>
            {item.state === "failed" ? "✕ failed" : "… waiting"}
          </span>
        )}
      </div>
      <bdi class="name" title={item.name === undefined ? item.id : `${item.name}\n${item.id}`}>
        {item.name ?? item.id}
      </bdi>
      <span class="concepts">
        {(item.state === "failed" ? [item.details ?? item.status] : classesOf(item)).map((text, index) => (
          <span key={index}>
            <bdi>{text}</bdi>
          </span>
        ))}
      </span>
    </>
  );
}

/** Returns the concepts of an input and of its regions, each once. */
function classesOf({ concepts, regions }: ItemShape): string[] {
  return [...new Set([...concepts, ...regions.flatMap((region) => region.concepts)])];
}

function Content({ app, item }: { app: number; item: ItemShape }) {
  const { kind, text, sha256 } = item;
  if (kind === "text" && text) return <bdi class="excerpt">{text}</bdi>;
  if (sha256 === undefined) return <KindSign kind={kind} />;
  if (kind === "image") return <Picture app={app} item={item} />;
  if (kind === "video") return <VideoFrame url={mediaUrl(app, sha256)} />;
  if (kind === "audio" && item.sizeBytes <= maxWaveformBytes) return <Waveform url={mediaUrl(app, sha256)} />;
  return <KindSign kind={kind} />;
}

function Picture({ app, item }: { app: number; item: ItemShape }) {
  const [size, setSize] = useState<[number, number]>();
  const [isBroken, setBroken] = useState(false);
  if (isBroken) return <KindSign kind="image" />;
  return (
    <>
      <img
        src={pictureUrl(app, "tile", item)}
        alt={item.kind}
        loading="lazy"
        decoding="async"
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setSize([naturalWidth, naturalHeight])}
        onError={() => setBroken(true)}
      />
      {size && item.regions.length > 0 && <Shapes regions={item.regions} size={size} />}
    </>
  );
}
