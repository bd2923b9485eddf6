/** Boxes and polygons over an image of the same proportions. */

import type { RegionShape } from "../../shapes.js";

const colours = 8;

/** Returns the class of a region. A concept has the same colour everywhere. */
function classOf({ concepts }: RegionShape): string {
  let hash = 0;
  for (const character of concepts[0] ?? "") hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return `shape colour-${hash % colours}`;
}

interface ShapesProps {
  regions: readonly RegionShape[];
  size: [number, number];
}

export function Shapes({ regions, size: [width, height] }: ShapesProps) {
  return (
    <svg class="shapes" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {regions.map((region, index) => (
        <g key={index} class={classOf(region)}>
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

/** The concepts of the regions, each at the first corner of its region. */
export function RegionLabels({ regions }: Pick<ShapesProps, "regions">) {
  return regions.map((region, index) => {
    const [x, y] = region.box ?? region.polygon?.[0] ?? [0, 0];
    return (
      <bdi key={index} class={`mark ${classOf(region)}`} style={{ left: `${x * 100}%`, top: `${y * 100}%` }}>
        {region.concepts.join(", ")}
      </bdi>
    );
  });
}
