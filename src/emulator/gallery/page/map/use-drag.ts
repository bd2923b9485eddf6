/** Tells dragging from clicking. */

import { useRef } from "preact/hooks";

/** A pointer that moved less is clicking, in pixels. */
const minDrag = 4;

type CanvasEvent = PointerEvent & { readonly currentTarget: HTMLCanvasElement };

/** Returns the pointer handlers of a canvas. They call `onDrag` with the pixels since the last call, or `onClick` with the position. */
export function useDrag(onDrag: (right: number, down: number) => void, onClick: (x: number, y: number) => void) {
  const press = useRef<{ x: number; y: number; isDrag: boolean } | undefined>(undefined);
  return {
    onPointerDown(event: CanvasEvent) {
      if (!event.isPrimary) return;
      press.current = { x: event.clientX, y: event.clientY, isDrag: false };
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove(event: CanvasEvent) {
      const from = press.current;
      if (!from || !event.isPrimary) return;
      const [right, down] = [event.clientX - from.x, event.clientY - from.y];
      if (!from.isDrag && Math.hypot(right, down) < minDrag) return;
      press.current = { x: event.clientX, y: event.clientY, isDrag: true };
      onDrag(right, down);
    },
    onPointerUp(event: CanvasEvent) {
      if (press.current?.isDrag === false) onClick(event.offsetX, event.offsetY);
      press.current = undefined;
    },
    onPointerCancel() {
      press.current = undefined;
    },
  };
}
