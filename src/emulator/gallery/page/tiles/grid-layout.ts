/** The layout of the grid: where the tiles are, and which of them are visible. */

const gap = 10;
const minTileWidth = 150;
const captionHeight = 46;
/** Number of invisible rows above and below that are rendered in advance. */
const extraRows = 2;
/** Browsers do not lay out higher elements. */
const maxHeight = 15_000_000;

export interface GridLayout {
  columns: number;
  rowHeight: number;
  tileWidth: number;
  /** The tiles from `first` to before `last` are rendered. */
  first: number;
  last: number;
  visibleRows: number;
  /** Height of all rows. */
  totalHeight: number;
}

/** Computes the layout for a size of the grid and a scroll position. */
export function layoutOf(size: { width: number; height: number }, scrollTop: number, total: number): GridLayout {
  const columns = Math.max(1, Math.floor((size.width + gap) / (minTileWidth + gap)));
  const tileWidth = (size.width - gap * (columns - 1)) / columns;
  const rowHeight = Math.round(tileWidth * 0.75) + captionHeight + gap;
  return {
    columns,
    rowHeight,
    tileWidth,
    first: Math.max(0, Math.floor(scrollTop / rowHeight) - extraRows) * columns,
    last: Math.min(total, (Math.ceil((scrollTop + size.height) / rowHeight) + extraRows) * columns),
    visibleRows: Math.max(1, Math.floor(size.height / rowHeight)),
    totalHeight: Math.min(maxHeight, Math.ceil(total / columns) * rowHeight),
  };
}

/** Returns the position and size of a tile as a style. */
export function tileStyle(index: number, { columns, rowHeight, tileWidth }: GridLayout) {
  return {
    left: `${(index % columns) * (tileWidth + gap)}px`,
    top: `${Math.floor(index / columns) * rowHeight}px`,
    width: `${tileWidth}px`,
    height: `${rowHeight - gap}px`,
  };
}

/** Returns where each key moves from a tile. */
export function targetsOfKeys(index: number, total: number, layout: GridLayout): Record<string, number> {
  const { columns, visibleRows } = layout;
  return {
    ArrowRight: index + 1,
    ArrowLeft: index - 1,
    ArrowDown: index + columns < total ? index + columns : index,
    ArrowUp: index - columns >= 0 ? index - columns : index,
    PageDown: index + columns * visibleRows,
    PageUp: index - columns * visibleRows,
    Home: 0,
    End: total - 1,
  };
}
