/** The grid: only what is in sight is in the page, however many inputs there are. One tab stop; arrows move in it. */

import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ItemShape } from "../../shapes.js";
import type { InputPages } from "../input-pages.js";
import { Tile } from "./tile.js";

interface GridProps {
  app: number;
  pages: InputPages;
  /** The input that is open is kept in sight. */
  openSeq: number | undefined;
  onOpen: (item: ItemShape) => void;
  onScroll: (isTop: boolean) => void;
  toTop: RefObject<() => void>;
}

const gap = 10;
const minTileWidth = 150;
const captionHeight = 46;
/** Rows beyond the visible ones that are there already. */
const moreRows = 2;
/** Browsers lay out no more than this. */
const maxHeight = 15_000_000;

export function Grid({ app, pages, openSeq, onOpen, onScroll, toTop }: GridProps) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [scrolled, setScrolled] = useState(0);
  const [marked, setMarked] = useState<{ index: number; seq?: number | undefined }>({ index: 0 });

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setSize({ width: element.clientWidth, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  const total = pages.total ?? 0;
  const columns = Math.max(1, Math.floor((size.width + gap) / (minTileWidth + gap)));
  const tileWidth = (size.width - gap * (columns - 1)) / columns;
  const rowHeight = Math.round(tileWidth * 0.75) + captionHeight + gap;
  const rows = Math.ceil(total / columns);
  const first = Math.max(0, Math.floor(scrolled / rowHeight) - moreRows) * columns;
  const last = Math.min(total, (Math.ceil((scrolled + size.height) / rowHeight) + moreRows) * columns);
  useEffect(() => {
    if (size.width > 0) pages.show(first, last);
  });

  // What has the mark keeps it when others come in before it.
  const active = (marked.seq === undefined ? undefined : pages.indexOf(marked.seq)) ?? marked.index;
  const mark = (index: number) => setMarked({ index, seq: pages.item(index)?.seq });
  const scrollTo = (top: number) => box.current?.scrollTo({ top });
  toTop.current = () => {
    setMarked({ index: 0 });
    scrollTo(0);
  };
  const move = (to: number) => {
    const next = Math.min(Math.max(0, to), total - 1);
    const top = Math.floor(next / columns) * rowHeight;
    mark(next);
    if (top < scrolled) scrollTo(top);
    else if (top + rowHeight > scrolled + size.height) scrollTo(top + rowHeight - size.height);
  };
  useEffect(() => {
    const index = openSeq === undefined ? undefined : pages.indexOf(openSeq);
    if (index !== undefined) move(index);
    if (openSeq === undefined) box.current?.focus({ preventScroll: true });
  }, [openSeq]);
  const visibleRows = Math.max(1, Math.floor(size.height / rowHeight));
  const moves: Record<string, () => void> = {
    ArrowRight: () => move(active + 1),
    ArrowLeft: () => move(active - 1),
    ArrowDown: () => move(active + columns < total ? active + columns : active),
    ArrowUp: () => move(active - columns >= 0 ? active - columns : active),
    PageDown: () => move(active + columns * visibleRows),
    PageUp: () => move(active - columns * visibleRows),
    Home: () => move(0),
    End: () => move(total - 1),
    Enter: () => open(active),
    " ": () => open(active),
  };
  const open = (index: number) => {
    const item = pages.item(index);
    mark(index);
    if (item) onOpen(item);
  };
  const tiles = [];
  for (let index = first; index < last; index += 1) {
    const style = {
      left: `${(index % columns) * (tileWidth + gap)}px`,
      top: `${Math.floor(index / columns) * rowHeight}px`,
      width: `${tileWidth}px`,
      height: `${rowHeight - gap}px`,
    };
    tiles.push(
      // biome-ignore lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: the list has the focus and the keys
      <div
        key={pages.item(index)?.seq ?? `place-${index}`}
        id={`tile-${index}`}
        role="option"
        aria-selected={index === active}
        aria-setsize={total}
        aria-posinset={index + 1}
        class="tile"
        style={style}
        onClick={() => open(index)}
      >
        <Tile app={app} item={pages.item(index)} />
      </div>,
    );
  }
  return (
    <div
      ref={box}
      class="grid"
      role="listbox"
      aria-label="Inputs"
      tabIndex={0}
      aria-activedescendant={active >= first && active < last ? `tile-${active}` : undefined}
      onKeyDown={(event) => {
        if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(moves, event.key)) return;
        event.preventDefault();
        moves[event.key]?.();
      }}
      onScroll={(event) => {
        const { scrollTop } = event.currentTarget;
        setScrolled(scrollTop);
        onScroll(scrollTop < rowHeight / 2);
      }}
    >
      <div role="presentation" style={{ height: `${Math.min(maxHeight, rows * rowHeight)}px` }} />
      {tiles}
    </div>
  );
}
