/** All messages of the API that requests consist of, by name. */

import { collectionMessages } from "./collections.js";
import { ingestMessages } from "./ingest.js";
import { inputMessages } from "./inputs.js";
import type { Messages } from "./message.js";
import { requestMessages } from "./requests.js";
import { searchMessages } from "./searches.js";

export const messages: Messages = {
  ...inputMessages,
  ...ingestMessages,
  ...collectionMessages,
  ...searchMessages,
  ...requestMessages,
};

/** Messages that select inputs. To ignore a field of theirs would select more inputs, so an unknown field is always refused. */
export const selectingMessages: ReadonlySet<string> = new Set(
  Object.keys(messages).filter((name) =>
    /^(?:Delete|ByIds|Filter|Rank|And|Query|Search$|TimeRange|BulkOperation|Operation)/.test(name),
  ),
);
