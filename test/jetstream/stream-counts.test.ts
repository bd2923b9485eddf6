import { expect, it } from "vitest";
import { countsOf, type StreamNumbers } from "../../src/jetstream/stream-counts.js";

const none = { published: 0, onStream: 0, undelivered: 0, unacknowledged: 0, failed: 0, skipped: 0 };
const closed = { failed: 0, skipped: 0, pending: 0, inFlight: 0 };

it.each<[what: string, numbers: Partial<StreamNumbers>, counts: object]>([
  ["before a worker starts", { published: 5, onStream: 5, undelivered: 5 }, { read: 5, ok: 0, pending: 5 }],
  [
    "while workers run",
    { published: 5, onStream: 3, undelivered: 1, unacknowledged: 2, failed: 1 },
    { read: 5, ok: 1, failed: 1, pending: 1, inFlight: 2 },
  ],
  ["at the end", { published: 5, failed: 1, skipped: 1 }, { read: 5, ok: 3, failed: 1, skipped: 1 }],
  [
    "if inputs failed after the messages were counted: they are not ok",
    { published: 4, onStream: 4, unacknowledged: 4, failed: 3 },
    { read: 4, ok: 0, failed: 3, inFlight: 1 },
  ],
  [
    "if more inputs failed than had been published then",
    { published: 1, onStream: 1, undelivered: 1, failed: 2 },
    { read: 2, ok: 0, failed: 2 },
  ],
  // Numbers of a server that stood still for a moment while it delivered the last of three messages again.
  [
    "if the consumer counts a delivered message as undelivered",
    { published: 3, onStream: 2, undelivered: 1, unacknowledged: 2 },
    { read: 3, ok: 1, inFlight: 2 },
  ],
  ["if a killed server kept acknowledged messages", { published: 400, onStream: 36 }, { read: 400, ok: 400 }],
  ["if a killed server lost an acknowledgement", { published: 3, unacknowledged: 1 }, { read: 3, ok: 3 }],
])("the counts of a stream close %s", (_, numbers, counts) => {
  expect(countsOf({ ...none, ...numbers })).toEqual({ ...closed, ...counts });
});
