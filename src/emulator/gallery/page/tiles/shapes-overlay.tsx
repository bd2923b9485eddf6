/** Boxes, polygons, points and masks over an image of the same proportions. */

import { useEffect, useId, useState } from "preact/hooks";
import type { RegionShape } from "../../shapes.js";

const colours = 8;

/** Returns the class of a region. A concept has the same colour everywhere. */
export function classOf({ concepts }: RegionShape): string {
  let hash = 0;
  for (const character of concepts[0] ?? "") hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return `shape colour-${hash % colours}`;
}

interface ShapesProps {
  regions: readonly RegionShape[];
  size: [number, number];
  /** Index of a region that is drawn thicker. */
  marked?: number | undefined;
  /** Enlargement of the image. Points keep their size. */
  scale?: number;
}

/** Radius of a point as a share of the longest side. */
export const pointRadius = 1 / 60;

export function Shapes({ regions, size: [width, height], marked, scale = 1 }: ShapesProps) {
  return (
    <svg class="shapes" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {regions.map((region, index) => (
        <g key={index} class={`${classOf(region)} ${index === marked ? "marked" : ""}`}>
          {region.box && (
            <rect
              x={region.box[0] * width}
              y={region.box[1] * height}
              width={(region.box[2] - region.box[0]) * width}
              height={(region.box[3] - region.box[1]) * height}
            />
          )}
          {region.polygon && (
            <polygon points={region.polygon.map(([x, y]) => `${x * width},${y * height}`).join(" ")} />
          )}
          {region.point && (
            <circle
              cx={region.point[0] * width}
              cy={region.point[1] * height}
              r={(Math.max(width, height) * pointRadius) / scale}
            />
          )}
          {region.mask && <Mask base64={region.mask} size={[width, height]} />}
        </g>
      ))}
    </svg>
  );
}

/** Colours the picture where a mask is bright. The policy of the page allows pictures of its own, so the mask becomes one. */
function Mask({ base64, size: [width, height] }: { base64: string; size: [number, number] }) {
  const id = useId();
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const made = URL.createObjectURL(new Blob([bytes], { type: "image/png" }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [base64]);
  if (url === undefined) return null;
  return (
    <>
      <mask id={id}>
        <image href={url} width={width} height={height} preserveAspectRatio="none" />
      </mask>
      <rect class="masked" width={width} height={height} mask={`url(#${id})`} />
    </>
  );
}
