/** The ledger and the budget against a plain model: whatever stages do with messages, each input has one outcome, and held messages are counted. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Message } from "../../../src/core/accounting/message.js";
import { RunContext } from "../../../src/core/accounting/run-context.js";
import type { Input, Outcome, Settlement } from "../../../src/index.js";

const base = { concepts: [], metadata: {}, annotations: [], datasets: [] };
const outcomes: Outcome[] = [
  { state: "ok" },
  { state: "skipped", reason: "dropped" },
  { state: "skipped", reason: "there", done: true },
  { state: "pending", reason: "not yet" },
  { state: "failed", code: "ERR_TEST", stage: "test", reason: "no", attempts: 1 },
];
const severity = ["ok", "skipped", "pending", "failed"];

interface Part {
  message: Message;
  ticket: number;
  holds: number;
  bytes: number;
  settled: boolean;
  /** The message was split or changed, and others replace it. */
  spent: boolean;
}

const step = fc.oneof(
  fc.record({ do: fc.constant("read" as const), length: fc.nat(20) }),
  fc.record({ do: fc.constant("settle" as const), at: fc.nat(), outcome: fc.constantFrom(...outcomes) }),
  fc.record({ do: fc.constant("split" as const), at: fc.nat(), into: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant("change" as const), at: fc.nat() }),
  fc.record({ do: fc.constant("hold" as const), at: fc.nat() }),
  fc.record({ do: fc.constant("release" as const), at: fc.nat() }),
);

describe("the ledger", () => {
  it("gives every input the worst outcome of its parts, once, and counts held messages", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
        const context = new RunContext();
        const reported: Settlement[] = [];
        context.accounting.ledger.onSettled((settlement) => reported.push(settlement));
        const parts: Part[] = [];
        /** Outcomes of the parts of each input, and how many parts are open. */
        const tickets: { open: number; outcomes: Outcome[] }[] = [];
        const add = (message: Message, ticket: number) =>
          parts.push({
            message,
            ticket,
            holds: 0,
            bytes: message.value.text?.length ?? 0,
            settled: false,
            spent: false,
          });
        const live = (at: number) => {
          const open = parts.filter((part) => !part.spent);
          return open.length > 0 ? open[at % open.length] : undefined;
        };
        for (const action of steps) {
          if (action.do === "read") {
            const input: Input = { ...base, id: `i${tickets.length}`, text: "x".repeat(action.length) };
            tickets.push({ open: 1, outcomes: [] });
            add(Message.read(context, input.id, input), tickets.length - 1);
          } else {
            const part = live(action.at);
            if (part) act(part, action);
          }
          check();
        }
        const open = tickets.filter((ticket) => ticket.open > 0).length;
        expect(context.accounting.ledger.close("skipped")).toBe(open);
        const { inFlight, read, ok, failed, skipped, pending } = context.accounting.ledger.counts;
        expect([inFlight, ok + failed + skipped + pending]).toEqual([0, read]);

        function act(part: Part, action: Exclude<(typeof steps)[number], { do: "read" }>) {
          const { message, ticket } = part;
          const account = tickets[ticket] as (typeof tickets)[number];
          switch (action.do) {
            case "settle":
              message.settle(action.outcome);
              if (part.settled) return;
              part.settled = true;
              part.holds = 0;
              account.open -= 1;
              account.outcomes.push(action.outcome);
              return;
            case "split":
              if (part.settled || part.holds > 0) return;
              part.spent = true;
              account.open += action.into - 1;
              for (const made of message.split(Array.from({ length: action.into }, () => ({ ...message.value }))))
                add(made, ticket);
              return;
            case "change":
              if (part.settled || part.holds > 0) return;
              part.spent = true;
              add(message.with({ ...message.value, id: "changed" }), ticket);
              return;
            case "hold":
              if (part.settled) return;
              message.hold();
              part.holds += 1;
              return;
            case "release":
              message.release();
              part.holds = Math.max(0, part.holds - 1);
          }
        }

        function check() {
          const { counts } = context.accounting.ledger;
          const settled = tickets.filter((ticket) => ticket.open === 0);
          expect(counts.read).toBe(tickets.length);
          expect(counts.inFlight).toBe(tickets.length - settled.length);
          expect(counts.read).toBe(counts.ok + counts.failed + counts.skipped + counts.pending + counts.inFlight);
          expect(reported.map(({ sequence }) => sequence).sort((one, other) => one - other)).toEqual(
            tickets.flatMap((ticket, n) => (ticket.open === 0 ? [n + 1] : [])),
          );
          for (const { sequence, outcome } of reported) {
            const { outcomes: all } = tickets[sequence - 1] as (typeof tickets)[number];
            const worst = Math.max(...all.map(({ state }) => severity.indexOf(state)));
            expect(severity.indexOf(outcome.state)).toBe(worst);
            const isDone = all.some((one) => one.state === "ok" || (one.state === "skipped" && one.done));
            if (outcome.state === "skipped") expect(outcome.done ?? false).toBe(isDone);
          }
          const held = parts.filter(({ holds }) => holds > 0);
          expect(context.accounting.budget.held).toBe(held.length);
          expect(context.accounting.budget.bytes).toBe(held.reduce((sum, { bytes }) => sum + bytes, 0));
        }
      }),
      { numRuns: 500 },
    );
  });
});
