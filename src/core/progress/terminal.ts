/** The screen: shows progress on a terminal, in a few lines that it overwrites. */

import { styleText } from "node:util";
import { writeNotice } from "../util/notice.js";
import { columnsOf } from "./columns.js";

/** The parts of a terminal that are used. */
export type Terminal = NodeJS.WritableStream & { columns?: number; rows?: number; hasColors?: () => boolean };

export interface Screen {
  /** Overwrites the last lines with new ones, each with its name. With `isLast`, these lines stay. */
  draw(lines: readonly [name: string, text: string][], isLast?: boolean): void;
  /** Erases the lines, since something else is about to write to the terminal. */
  clear(): void;
}

/** Opens a screen. The cursor stays visible: hiding it would need a handler of signals, and the run handles Ctrl-C itself. */
export function openScreen(terminal: Terminal): Screen {
  const hasColors = terminal.hasColors?.() ?? false;
  const styled = (style: Parameters<typeof styleText>[0], text: string) => (hasColors ? styleText(style, text) : text);
  /** Columns of each line on the terminal. The cursor is at the beginning of the line below. */
  let drawn: number[] = [];
  /** Returns the codes that erase what is drawn. Rows above the window are out of reach. */
  const erasing = () => {
    const { columns = 80, rows = 24 } = terminal;
    return erased(Math.min(rowsOf(drawn, columns), rows - 1));
  };
  return {
    draw(lines, isLast = false) {
      // Lines that do not fit the window would scroll out of reach.
      const fitting = lines.slice(0, Math.max(1, (terminal.rows ?? 24) - 1));
      const texts = fitting.map(([name, line], index) => {
        const style = name.startsWith("failed") ? "red" : index === 0 ? "bold" : "dim";
        return `${styled(style, name)} ${line}\n`;
      });
      writeNotice(`${erasing()}${texts.join("")}`, terminal);
      drawn = isLast ? [] : fitting.map(([name, line]) => columnsOf(`${name} ${line}`));
    },
    clear() {
      writeNotice(erasing(), terminal);
      drawn = [];
    },
  };
}

/** Returns the rows that lines take. After the window became narrower, the terminal has wrapped the longer ones. */
function rowsOf(lines: readonly number[], columns: number): number {
  return lines.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / columns)), 0);
}

/**
 * Returns the codes that erase the row of the cursor and rows above it, and move it to the first of them. Each row is erased on its own: a terminal then forgets that it had
 * wrapped the row, and would else join it with the next one when the window becomes wider. Erasing to the end of the window moves rows into the history of
 * some terminals.
 */
function erased(rows: number): string {
  const eraseRow = "\r\u001b[2K"; // also the row of the cursor, on which the terminal may have echoed a key
  if (rows <= 0) return eraseRow;
  const up = `\u001b[${rows}A`;
  return `${eraseRow}${up}${`${eraseRow}\n`.repeat(rows)}${up}`;
}
