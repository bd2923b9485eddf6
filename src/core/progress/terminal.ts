/** The screen: shows progress on a terminal, in a few lines that it overwrites. */

import { styleText } from "node:util";
import { writeNotice } from "../util/notice.js";
import { columnsOf } from "./columns.js";

/** The parts of a terminal that are used. */
export type Terminal = NodeJS.WritableStream & { columns?: number; rows?: number; hasColors?: () => boolean };

export interface Screen {
  /** Overwrites the last lines with new ones, each with its name. With `isLast`, these lines stay. */
  draw(lines: readonly [name: string, text: string][], isLast?: boolean): void;
  /** Leaves the current lines where they are, and draws below them, since something else has written to the terminal. */
  leave(): void;
}

const clearToEndOfLine = "\u001b[K";
const clearBelow = "\u001b[J";

/** Opens a screen. The cursor stays visible: hiding it would need a handler of signals, and the run handles Ctrl-C itself. */
export function openScreen(terminal: Terminal): Screen {
  const hasColors = terminal.hasColors?.() ?? false;
  const styled = (style: Parameters<typeof styleText>[0], text: string) => (hasColors ? styleText(style, text) : text);
  /** Columns of each line on the terminal. The cursor is at the beginning of the line below. */
  let drawn: number[] = [];
  return {
    draw(lines, isLast = false) {
      const { columns = 80, rows = 24 } = terminal;
      // The first line and the last row always fit, so that the terminal never scrolls a line out of reach.
      const fitting = lines.slice(0, Math.max(1, rows - 1));
      const texts = fitting.map(([name, line], index) => {
        const style = name.startsWith("failed") ? "red" : index === 0 ? "bold" : "dim";
        return `${styled(style, name)} ${line}${clearToEndOfLine}\n`;
      });
      writeNotice(`${upOver(rowsOf(drawn, columns), rows)}${texts.join("")}${clearBelow}`, terminal);
      drawn = isLast ? [] : fitting.map(([name, line]) => columnsOf(`${name} ${line}`));
    },
    leave: () => {
      drawn = [];
    },
  };
}

/** Returns the rows that lines take. After the window became narrower, the terminal has wrapped the longer ones. */
function rowsOf(lines: readonly number[], columns: number): number {
  return lines.reduce((sum, length) => sum + Math.max(1, Math.ceil(length / columns)), 0);
}

/** Returns the codes that move the cursor to the beginning of the first of some rows. Rows above the window are out of reach. */
function upOver(count: number, rows: number): string {
  const reachable = Math.min(count, rows - 1);
  return reachable > 0 ? `\r\u001b[${reachable}A` : "\r";
}
