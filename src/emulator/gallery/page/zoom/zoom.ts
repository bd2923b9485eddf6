/** The arithmetic of zooming. */

/** The scale, where 1 shows the whole image, and the shift of its middle in pixels. */
export interface Zoom {
  scale: number;
  x: number;
  y: number;
}

export type Point = readonly [x: number, y: number];

export const whole: Zoom = { scale: 1, x: 0, y: 0 };
const maxScale = 40;

/** Returns a zoom within the limits: the middle of the stage stays on the image. */
export function limited({ scale, x, y }: Zoom, size: Point): Zoom {
  const bounded = Math.min(maxScale, Math.max(1, scale));
  const within = (shift: number, length: number) => {
    const most = (length * (bounded - 1)) / 2;
    return Math.min(most, Math.max(-most, shift));
  };
  return { scale: bounded, x: within(x, size[0]), y: within(y, size[1]) };
}

/** Zooms by a factor, so that the point stays where it is. The point is relative to the middle of the whole image. */
export function zoomedAt(zoom: Zoom, factor: number, [x, y]: Point, size: Point): Zoom {
  const scale = Math.min(maxScale, Math.max(1, zoom.scale * factor));
  const change = scale / zoom.scale;
  return limited({ scale, x: x - (x - zoom.x) * change, y: y - (y - zoom.y) * change }, size);
}
