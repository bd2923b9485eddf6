/** Boxes and polygons, drawn over an image of the same proportions. */

import type { RegionShape } from "../../shapes.js";

const colours = 8;

/** The same concept has the same colour everywhere. */
export function colourOf({ concepts }: RegionShape): string {
  let hash = 0;
  for (const character of concepts[0] ?? "") hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return `shape colour-${hash % colours}`;
}

export function Shapes({
  regions,
  size: [width, height],
}: {
  regions: readonly RegionShape[];
  size: [number, number];
}) {
  return (
    <svg class="shapes" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {regions.map((region, index) => (
        <g key={index} class={colourOf(region)}>
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
        </g>
      ))}
    </svg>
  );
}
