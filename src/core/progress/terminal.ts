/** The screen: progress on a terminal, in a few lines that are written anew. */

import { styleText } from "node:util";
import { writeNotice } from "../util/notice.js";

/** A terminal, as far as it is needed. */
export type Terminal = NodeJS.WritableStream & { columns?: number; rows?: number; hasColors?: () => boolean };

export interface Screen {
  /** Writes lines, each with its name, where the last ones were; `isLast`: and leaves them. */
  draw(lines: readonly [name: string, text: string][], isLast?: boolean): void;
  /** Leaves what is there where it is, and begins below: something else has written. */
  leave(): void;
}

/** Opens a screen; the library for it is loaded here, so that programs without it pay nothing. */
export async function openScreen(terminal: Terminal): Promise<Screen> {
  const { createLogUpdate } = await import("log-update");
  // Hiding the cursor would bring a handler of signals with it, and Ctrl-C is ours.
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

/** The terminal with a `write` that drops its errors: a terminal that was closed ends no run. */
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
