/** The screen: shows progress on a terminal, in a few lines that it overwrites. */

import { styleText } from "node:util";
import { writeNotice } from "../util/notice.js";

/** The parts of a terminal that are used. */
export type Terminal = NodeJS.WritableStream & { columns?: number; rows?: number; hasColors?: () => boolean };

export interface Screen {
  /** Overwrites the last lines with new ones, each with its name. With `isLast`, these lines stay. */
  draw(lines: readonly [name: string, text: string][], isLast?: boolean): void;
  /** Leaves the current lines where they are, and draws below them, since something else has written to the terminal. */
  leave(): void;
}

/** Opens a screen. Loads its library only now, so that other programs start faster. */
export async function openScreen(terminal: Terminal): Promise<Screen> {
  const { createLogUpdate } = await import("log-update");
  // Hiding the cursor would install a handler of signals, and the run handles Ctrl-C itself.
  const update = createLogUpdate(withQuietErrors(terminal) as NodeJS.WriteStream, { showCursor: true });
  const hasColors = terminal.hasColors?.() ?? false;
  const styled = (style: Parameters<typeof styleText>[0], text: string) => (hasColors ? styleText(style, text) : text);
  return {
    draw(lines, isLast = false) {
      const text = lines.map(([name, line], index) => {
        const style = name.startsWith("failed") ? "red" : index === 0 ? "bold" : "dim";
        return `${styled(style, name)} ${line}`;
      });
      update(text.join("\n"));
      if (isLast) update.done();
    },
    leave: () => update.done(),
  };
}

/** Wraps a terminal so that `write` ignores errors: a closed terminal does not end the run. */
function withQuietErrors(terminal: Terminal): Terminal {
  return new Proxy(terminal, {
    get(target, name) {
      if (name === "write") {
        return (text: string) => {
          writeNotice(text, target);
          return true;
        };
      }
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
