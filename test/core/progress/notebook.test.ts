import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { writeNotice } from "../../../src/core/util/notice.js";
import { batch, flow } from "../../../src/index.js";
import { sinkOf, texts, turns } from "../../helpers/flows.js";

interface Sent {
  type: string;
  content: { data: Record<string, string>; transient: { display_id: string } };
}

/** Makes this program a notebook kernel; returns the messages that it sends. */
function becomeKernel(broadcast?: () => Promise<void>): Sent[] {
  const sent: Sent[] = [];
  const record = async (type: string, content: Sent["content"]) => void sent.push({ type, content });
  vi.stubGlobal("Deno", { jupyter: { broadcast: broadcast ?? record } });
  return sent;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

describe("progress in a notebook", () => {
  it("is one output, which each event replaces, without escape codes", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const sent = becomeKernel();
    const stderr = vi.spyOn(process.stderr, "write");
    let open: () => void = () => undefined;
    const isOpen = new Promise<void>((resolve) => void (open = resolve));
    const sink = sinkOf(() => isOpen);
    const run = flow(texts(40)).pipe(batch(), sink).run({ progress: true });
    for (let event = 0; event < 3; event += 1) {
      vi.advanceTimersByTime(250);
      await turns(10);
    }
    expect(sent.map(({ type }) => type)).toEqual(["display_data", "update_display_data", "update_display_data"]);
    open();
    await run;
    expect(new Set(sent.map(({ content }) => content.transient.display_id)).size).toBe(1);
    const last = sent.at(-1)?.content.data["text/plain"];
    expect(last).toMatch(/^ended .*40 inputs/);
    expect(last).not.toContain("\u001b");
    expect(stderr).not.toHaveBeenCalled();
  });

  it("does not end a run whose front end is gone", async () => {
    becomeKernel(() => Promise.reject(new Error("closed")));
    const report = await flow(texts(3)).run({ progress: true });
    expect(report.counts.ok).toBe(3);
  });
});

describe("a notice in a notebook", () => {
  it("goes to the console, which the kernel shows below the cell", () => {
    becomeKernel();
    const shown = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const stderr = vi.spyOn(process.stderr, "write");
    writeNotice("sluice: a notice\n");
    expect(shown).toHaveBeenCalledExactlyOnceWith("sluice: a notice");
    expect(stderr).not.toHaveBeenCalled();
  });

  it("goes to stderr where Deno is no kernel", () => {
    vi.stubGlobal("Deno", {
      get jupyter() {
        throw new Error("only available in `deno jupyter`");
      },
    });
    const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    writeNotice("sluice: a notice\n");
    expect(stderr).toHaveBeenCalledOnce();
  });
});
