/** The grid. It renders only the visible tiles, however many inputs there are. It is one tab stop; arrow keys move in it. */

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ItemShape } from "../../shapes.js";
import type { InputPages } from "../app/input-pages.js";
import { clickSelects, keySelects } from "../select/grid-events.js";
import { Pick } from "../select/pick.js";
import type { Selection } from "../select/selection.js";
import { type GridLayout, layoutOf, targetsOfKeys, tileStyle } from "./grid-layout.js";
import { Tile } from "./tile.js";

interface GridProps {
  app: number;
  pages: InputPages;
  /** The inputs that actions will work on. */
  selection: Selection;
  /** The open input, which stays visible. */
  openId: string | undefined;
  /** Whether the dialog of an input is open. It has the focus. */
  isOpen: boolean;
  onOpen: (item: ItemShape) => void;
  onScroll: (isTop: boolean) => void;
  /** Is set to a function that scrolls to the top. */
  scrollToTop: RefObject<() => void>;
}

export function Grid({ app, pages, selection, openId, isOpen, onOpen, onScroll, scrollToTop }: GridProps) {
  const box = useRef<HTMLDivElement>(null);
  const size = useSize(box);
  const [scrollTop, setScrollTop] = useState(0);
  const total = pages.total ?? 0;
  const layout = layoutOf(size, scrollTop, total);
  const { columns, rowHeight, first, last } = layout;
  const [active, select] = useSelection(pages);
  useEffect(() => {
    if (size.width > 0) pages.show(first, last);
  });
  const scrollTo = (top: number) => box.current?.scrollTo({ top });
  scrollToTop.current = () => {
    select(undefined);
    scrollTo(0);
  };
  const move = (to: number) => {
    const next = Math.min(Math.max(0, to), total - 1);
    const top = Math.floor(next / columns) * rowHeight;
    select(next);
    if (top < scrollTop) scrollTo(top);
    else if (top + rowHeight > scrollTop + size.height) scrollTo(top + rowHeight - size.height);
  };
  const open = (index: number) => {
    const item = pages.item(index);
    select(index);
    if (item) onOpen(item);
  };
  useEffect(() => {
    const index = openId === undefined ? undefined : pages.indexOf(openId);
    if (index !== undefined) move(index);
  }, [openId]);
  // Keys work at once, and after a filter replaced the grid.
  useEffect(() => {
    if (document.activeElement === document.body) box.current?.focus({ preventScroll: true });
  }, []);
  const wasOpen = useRef(isOpen);
  useEffect(() => {
    if (wasOpen.current && !isOpen) box.current?.focus({ preventScroll: true });
    wasOpen.current = isOpen;
  }, [isOpen]);
  const targets = targetsOfKeys(active, total, layout);
  const handleKey = keyHandler(active, targets, move, open);
  return (
    <div
      ref={box}
      class="grid"
      role="listbox"
      aria-label="Inputs"
      aria-multiselectable="true"
      tabIndex={0}
      aria-activedescendant={active >= first && active < last ? `tile-${active}` : undefined}
      onKeyDown={(event) => keySelects(event, { active, targets, total, move }, selection) || handleKey(event)}
      onScroll={(event) => {
        const { scrollTop: top } = event.currentTarget;
        setScrollTop(top);
        onScroll(top < rowHeight / 2);
      }}
    >
      <div role="presentation" style={{ height: `${layout.totalHeight}px` }} />
      <Tiles
        {...{ app, pages, layout, active, selection }}
        onClick={(event, index) => {
          if (clickSelects(event, index, active, selection)) select(index);
          else open(index);
        }}
      />
    </div>
  );
}

/** Returns the selected position, and a function that changes it. The selection stays on its input when new inputs move it. */
function useSelection(pages: InputPages): [active: number, select: (index: number | undefined) => void] {
  const [selected, setSelected] = useState<{ index: number; seq?: number | undefined }>({ index: 0 });
  const active = (selected.seq === undefined ? undefined : pages.indexOf(selected.seq)) ?? selected.index;
  const select = (index: number | undefined) =>
    setSelected(index === undefined ? { index: 0 } : { index, seq: pages.item(index)?.seq });
  return [active, select];
}

function keyHandler(
  active: number,
  targets: Readonly<Record<string, number>>,
  move: (index: number) => void,
  open: (index: number) => void,
) {
  return (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = targets[event.key];
    const isOpening = event.key === "Enter" || event.key === " ";
    if (target === undefined && !isOpening) return;
    event.preventDefault();
    if (isOpening) open(active);
    else move(target ?? active);
  };
}

interface TilesProps {
  app: number;
  pages: InputPages;
  layout: GridLayout;
  active: number;
  selection: Selection;
  onClick: (event: MouseEvent, index: number) => void;
}

function Tiles({ app, pages, layout, active, selection, onClick }: TilesProps) {
  const { first, last } = layout;
  const indexes = Array.from({ length: Math.max(0, last - first) }, (_, n) => first + n);
  return indexes.map((index) => {
    const isPicked = selection.has(pages.item(index)?.seq);
    return (
      // biome-ignore lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: the list has the focus and handles the keys
      <div
        key={pages.item(index)?.seq ?? `missing-${index}`}
        id={`tile-${index}`}
        role="option"
        aria-selected={index === active}
        aria-setsize={pages.total ?? 0}
        aria-posinset={index + 1}
        aria-checked={isPicked}
        class={isPicked ? "tile picked" : "tile"}
        style={tileStyle(index, layout)}
        onClick={(event) => onClick(event, index)}
      >
        <Tile app={app} item={pages.item(index)} />
        {pages.item(index) && <Pick isPicked={isPicked} />}
      </div>
    );
  });
}

/** Returns the size of an element, also after it changes. */
function useSize(box: RefObject<HTMLElement | null>): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);
  return size;
}
