/** The content of the open input, as large as possible. */

import { useState } from "preact/hooks";
import type { ItemShape, RecordShape } from "../../shapes.js";
import { mediaUrl } from "../api.js";
import { KindSign } from "../tiles/tile-parts.js";
import { Zoomable } from "../zoom/zoomable.js";

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

function Picture({ app, item }: { app: number; item: ItemShape }) {
  const [isBroken, setBroken] = useState(false);
  if (!isBroken) return <Zoomable app={app} item={item} onError={() => setBroken(true)} />;
  return (
    <>
      <KindSign kind="image" />
      <p class="hint">The image cannot be decoded.</p>
    </>
  );
}
