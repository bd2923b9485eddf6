/** Shapes that the input model has no form of: rotated boxes and ellipses, as polygons. */

type Point = [x: number, y: number];

/** Corners of the polygon that stands for an ellipse or a circle. */
const ellipseCorners = 64;

/** Notes about shapes that became polygons. */
export const shapeNotes = {
  ellipse: "an ellipse became a polygon of 64 corners",
  circle: "a circle became a polygon of 64 corners",
} as const;

/** Turns points around a center, by degrees clockwise as on a screen. */
export function rotated(points: readonly Point[], [centerX, centerY]: Point, degrees: number): Point[] {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return points.map(([x, y]) => [
    centerX + (x - centerX) * cos - (y - centerY) * sin,
    centerY + (x - centerX) * sin + (y - centerY) * cos,
  ]);
}

/** Returns the corners of a box, clockwise from the top left. */
export function cornersOf(xMin: number, yMin: number, xMax: number, yMax: number): Point[] {
  return [
    [xMin, yMin],
    [xMax, yMin],
    [xMax, yMax],
    [xMin, yMax],
  ];
}

/** Returns the corners of a polygon on an ellipse. */
export function ellipseOf([centerX, centerY]: Point, radiusX: number, radiusY: number, degrees = 0): Point[] {
  const points = Array.from({ length: ellipseCorners }, (_, index): Point => {
    const angle = (index / ellipseCorners) * 2 * Math.PI;
    return [centerX + radiusX * Math.cos(angle), centerY + radiusY * Math.sin(angle)];
  });
  return degrees === 0 ? points : rotated(points, [centerX, centerY], degrees);
}
