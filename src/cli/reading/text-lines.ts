/** A source of texts: one a line. */

import { describeError, InputError, SourceError } from "../../core/errors.js";
import { readLines } from "../../core/files/lines.js";
import { decodeData } from "../../core/input/content.js";
import { draftIds } from "../../core/plugin/row-ids.js";
import { itemFrom, type ReadContext, type Source } from "../../core/plugin/source.js";

/** Longest text that the platform accepts, in bytes, with some more for the error to name it. */
const maxLineBytes = 25_000_000;

/** Reads the lines of a file as texts; empty lines are ignored. The id of a text is made of it and of its occurrence. */
export function textLines(path: string): Source {
  return {
    name: "texts",
    async *read({ signal }: ReadContext) {
      const giveId = draftIds(undefined);
      try {
        for await (const { number, bytes } of readLines(path, maxLineBytes)) {
          if (signal.aborted) return;
          if (bytes?.length === 0) continue;
          const draft = () => {
            if (bytes) return { text: decodeData(bytes, "the line") };
            throw new InputError("ERR_LINE_TOO_LONG", `the line has more than ${maxLineBytes} bytes`);
          };
          yield giveId(itemFrom(`${path}:${number}`, draft), number);
        }
      } catch (error) {
        throw new SourceError("ERR_FILE_UNREADABLE", `texts: ${path}: ${describeError(error)}`, { cause: error });
      }
    },
  };
}
