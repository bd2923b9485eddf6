/** A tile of the grid: a picture, the beginning of a text, or what stands for the kind. */

import { useState } from "preact/hooks";
import type { ItemShape, Kind } from "../shapes.js";
import { pictureUrl } from "./api.js";
import { Shapes } from "./shapes-overlay.js";

export const symbols: Record<Kind, string> = { image: "▦", video: "▶", audio: "♪", text: "¶" };

export function Tile({ app, item }: { app: number; item: ItemShape | undefined }) {
  if (!item) return <div class="picture loading" />;
  return (
    <>
      <div class={`picture ${item.kind} ${item.state}`}>
        <Content app={app} item={item} />
        {item.state !== "ready" && (
          <span class={`badge ${item.state}`} title={item.status}>
            {item.state === "failed" ? `✕ ${item.code}` : "… waiting"}
          </span>
        )}
      </div>
      <bdi class="name">{item.id}</bdi>
      <bdi class="concepts">{item.state === "failed" ? (item.details ?? item.status) : item.concepts.join(" · ")}</bdi>
    </>
  );
}

function Content({ app, item }: { app: number; item: ItemShape }) {
  const [size, setSize] = useState<[number, number]>();
  const [broken, setBroken] = useState(false);
  if (item.kind === "text" && item.text) return <bdi class="excerpt">{item.text}</bdi>;
  if (item.kind !== "image" || item.sha256 === undefined || broken) {
    return (
      <span class="symbol" role="img" aria-label={item.kind}>
        {symbols[item.kind]}
      </span>
    );
  }
  return (
    <>
      <img
        src={pictureUrl(app, "tile", item.sha256)}
        alt=""
        loading="lazy"
        decoding="async"
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setSize([naturalWidth, naturalHeight])}
        onError={() => setBroken(true)}
      />
      {size && item.regions.length > 0 && <Shapes regions={item.regions} size={size} />}
    </>
  );
}
