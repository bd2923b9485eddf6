/** The enlargement of an image: how large it is, and which part of it is visible. */

import { useEffect, useRef, useState } from "preact/hooks";
import { limited, type Point, whole, zoomedAt } from "./zoom.js";

type StageEvent = PointerEvent & { readonly currentTarget: HTMLElement };

const keyStep = 1.5;
/** A double click enlarges by this factor, and shows the whole image again. */
const doubleClickScale = 3;
const wheelFactor = 0.0022;
/** Pixels of a line, for wheels that count lines. */
const linePixels = 16;
/** An arrow key moves the image by this many pixels. */
const panStep = 80;

/** Returns the zoom of an image of a size, the handlers of its stage, and actions for keys. */
export function useZoom(size: Point) {
  const [zoom, setZoom] = useState(whole);
  const pointers = useRef(new Map<number, Point>());
  const fit = useRef(size);
  fit.current = size;
  useEffect(() => setZoom((current) => limited(current, size)), [size[0], size[1]]);
  const zoomBy = (factor: number, at: Point = [0, 0]) =>
    setZoom((current) => zoomedAt(current, factor, at, fit.current));
  const pan = (right: number, down: number) =>
    setZoom((current) => limited({ ...current, x: current.x + right, y: current.y + down }, fit.current));
  const handlers = {
    onWheel(event: WheelEvent & { readonly currentTarget: HTMLElement }) {
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode === 1 ? linePixels : 1);
      zoomBy(Math.exp(-pixels * wheelFactor * (event.ctrlKey ? 4 : 1)), pointIn(event));
    },
    onDblClick(event: MouseEvent & { readonly currentTarget: HTMLElement }) {
      if (zoom.scale > 1) setZoom(whole);
      else zoomBy(doubleClickScale, pointIn(event));
    },
    onPointerDown(event: StageEvent) {
      pointers.current.set(event.pointerId, pointIn(event));
      if (zoom.scale > 1 || pointers.current.size > 1) event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove(event: StageEvent) {
      const before = pointers.current.get(event.pointerId);
      if (!before) return;
      const now = pointIn(event);
      const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
      pointers.current.set(event.pointerId, now);
      if (other) {
        const middle: Point = [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2];
        zoomBy(distance(now, other) / Math.max(1, distance(before, other)), middle);
        pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
      } else pan(now[0] - before[0], now[1] - before[1]);
    },
    onPointerUp: (event: StageEvent) => void pointers.current.delete(event.pointerId),
    onPointerCancel: (event: StageEvent) => void pointers.current.delete(event.pointerId),
  };
  return { zoom, zoomBy, handlers, onKey: keyHandler(zoomBy, pan, () => setZoom(whole)) };
}

function keyHandler(zoomBy: (factor: number) => void, pan: (right: number, down: number) => void, reset: () => void) {
  const moves: Record<string, () => void> = {
    ArrowLeft: () => pan(panStep, 0),
    ArrowRight: () => pan(-panStep, 0),
    ArrowUp: () => pan(0, panStep),
    ArrowDown: () => pan(0, -panStep),
  };
  const zooms: Record<string, () => void> = {
    "+": () => zoomBy(keyStep),
    "=": () => zoomBy(keyStep),
    "-": () => zoomBy(1 / keyStep),
    "0": reset,
  };
  /** Returns whether the key did something. */
  return (event: KeyboardEvent): boolean => {
    const action = zooms[event.key] ?? (event.shiftKey ? moves[event.key] : undefined);
    action?.();
    return action !== undefined;
  };
}

/** Returns the position of a pointer relative to the middle of the stage. */
function pointIn({ clientX, clientY, currentTarget }: MouseEvent & { readonly currentTarget: HTMLElement }): Point {
  const { left, top, width, height } = currentTarget.getBoundingClientRect();
  return [clientX - left - width / 2, clientY - top - height / 2];
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one[0] - other[0], one[1] - other[1]);
}
