import { writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Writable } from "node:stream";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { openScreen, type Terminal } from "../../../src/core/progress/terminal.js";
import { progressLine, progressScreen } from "../../../src/core/progress/text.js";
import { batch, flow, folder, fromIterable, jsonl, type ProgressEvent } from "../../../src/index.js";
import { sinkOf, texts, turns } from "../../helpers/flows.js";
import { temporaryFolder } from "../../helpers/store.js";

const noTraffic = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
const halfWay: ProgressEvent = {
  state: "running",
  health: "working",
  quietMs: 0,
  elapsedMs: 60_000,
  counts: { read: 1600, ok: 1490, failed: 8, skipped: 2, pending: 0, inFlight: 100 },
  total: 3000,
  sent: 1500,
  inputsPerSecond: 1204,
  bytesPerSecond: 38_200_000,
  remainingMs: 238_000,
  traffic: { ...noTraffic, requests: 813, bytesSent: 1_240_000_000 },
  sinks: [{ name: "upload", done: 1490, underWay: 100, batches: 12, accepted: 0, sending: 0 }],
  failures: [{ stage: "upload", code: "30002", count: 8 }],
  waits: ["requests: 4 are open, 2 wait for a slot"],
};

/** Makes a terminal. `written` returns the text since its last call. */
function openTerminal(columns: number): { terminal: Terminal; written: () => string } {
  let text = "";
  const terminal = new Writable({
    write(chunk, _, done) {
      text += String(chunk);
      done();
    },
  }) as Terminal;
  Object.assign(terminal, { isTTY: true, columns, rows: 24 });
  const written = () => {
    const since = text;
    text = "";
    return since;
  };
  return { terminal, written };
}

/** Lets a test control the clock, and returns the text written to stderr. */
function stoppedClock(): string[] {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance"] });
  const written: string[] = [];
  const stderr = vi.spyOn(process.stderr, "write").mockImplementation((text) => written.push(String(text)) > 0);
  onTestFinished(() => {
    vi.useRealTimers();
    stderr.mockRestore();
  });
  return written;
}

/** A sink that writes its batches only when the test allows it. */
function lock() {
  const waiting: (() => void)[] = [];
  const sink = sinkOf(() => new Promise<void>((resolve) => void waiting.push(resolve)));
  return { sink, open: () => waiting.shift()?.() };
}

describe("progress as text", () => {
  it("has progress, rates, remaining time, failures and waits in one line", () => {
    expect(progressLine(halfWay)).toBe(
      "sluice: 1,500 of 3,000 inputs (50 %); 1,204/s, 38.2 MB/s, 3 min 58 s left; upload: 1,490 done, 100 in progress, 1.2 GB sent, " +
        "813 requests; failed 8: 8 × 30002 (upload); waiting: requests: 4 are open, 2 wait for a slot",
    );
  });

  it("has no remaining time and no percentage while the total is unknown", () => {
    const { total: _, remainingMs: __, ...unknown } = halfWay;
    expect(progressLine({ ...unknown, sinks: [], failures: [], waits: [] })).toMatch(
      /^sluice: 1,500 inputs; 1,204\/s, 38\.2 MB\/s, for 1 min; failed/,
    );
  });

  it("counts sent inputs before they are finished, and draws them lighter", () => {
    const sending = { ...halfWay, sent: 2100, counts: { ...halfWay.counts, read: 2300, inFlight: 800 } };
    expect(progressScreen(sending, 140)[0]?.[1]).toBe(
      "██████████▒▒▒▒░░░░░░  2,100 of 3,000 inputs sent (70 %), 1,500 finished  1,204/s  38.2 MB/s  3 min 58 s left",
    );
  });

  it("ends at the finished inputs after a stop, and names the next step", () => {
    const counts = { read: 1600, ok: 760, failed: 0, skipped: 8, pending: 832, inFlight: 0 };
    const next = ["run the same command again"];
    const stopped: ProgressEvent = {
      ...halfWay,
      state: "stopped",
      sent: 768,
      counts,
      remainingMs: undefined,
      waits: [],
      next,
    };
    const lines = progressScreen(stopped, 120);
    expect(lines[0]?.[1]).toMatch(/^█████░{15} {2}768 of 3,000 inputs \(25 %\)/);
    expect(lines.at(-1)).toEqual(["next      ", "run the same command again"]);
    expect(progressLine(stopped)).toMatch(/; next: run the same command again$/);
  });

  it("leaves out the usual waits on a terminal while the run makes progress", () => {
    const waits = ["source folder: for its next item", "sink upload: for 2 batches to be written"];
    expect(progressScreen({ ...halfWay, waits }, 80)).toHaveLength(3);
    expect(progressScreen({ ...halfWay, waits, quietMs: 5000 }, 80)).toHaveLength(5);
  });

  it("fits a narrow terminal, and escapes control characters in names", () => {
    const waits = [`transform x: for 1 of 3 inputs, the first is two\nlines \u001b[31m${"x".repeat(100)}`];
    for (const columns of [40, 80, 200]) {
      const lines = progressScreen({ ...halfWay, waits }, columns).map(([name, text]) => `${name} ${text}`);
      expect(lines.every((line) => line.length <= columns && !/\p{Cc}/u.test(line))).toBe(true);
      expect(lines).toHaveLength(4);
    }
    expect([76, 65, 56, 40].map((columns) => progressScreen(halfWay, columns)[0]?.[1])).toEqual([
      "1,500 of 3,000 inputs (50 %)  1,204/s  38.2 MB/s  3 min 58 s left",
      "1,500 of 3,000 inputs (50 %)  1,204/s  3 min 58 s left",
      "1,500 of 3,000 inputs (50 %)  3 min 58 s left",
      "1,500 of 3,000 inputs (50 %)",
    ]);
    const [, , , wait] = progressScreen({ ...halfWay, waits: [`x: ${"写真👩‍👩‍👧".repeat(9)}`] }, 31);
    expect(wait).toEqual(["waits     ", "x: 写真👩‍👩‍👧写真👩‍👩‍👧写真…"]); // of 20 columns
    expect(progressScreen(halfWay, 120)[0]?.[1]).toMatch(/^█{10}░{10} {2}1,500 of 3,000/);
  });
});

describe("the screen", () => {
  it("overwrites its lines, and leaves the last ones", async () => {
    const { terminal, written } = openTerminal(60);
    const listeners = process.listenerCount("SIGINT");
    const screen = openScreen(terminal);
    screen.draw(progressScreen(halfWay, 60));
    const first = written();
    screen.draw(progressScreen({ ...halfWay, state: "ended", sinks: [], failures: [], waits: [] }, 60), true);
    const last = written();
    expect(first).toContain("sluice     1,500 of 3,000 inputs (50 %)");
    expect(last.startsWith("\r\u001b[2K\u001b[4A")).toBe(true); // up over the four lines before
    expect(last).toContain("ended      1,500 of 3,000");
    expect(process.listenerCount("SIGINT")).toBe(listeners); // Ctrl-C stays ours
  });
});

describe("the screen after a resize", () => {
  it("erases the rows that its lines take in a narrower window, and stays within the window", () => {
    const { terminal, written } = openTerminal(110);
    const screen = openScreen(terminal);
    const draw = () => {
      written();
      screen.draw([
        ["sluice", "x".repeat(90)], // 97 columns
        ["upload", "写".repeat(30)], // 67 columns
      ]);
    };
    const up = () => Number(/\u001b\[(\d+)A/.exec(written())?.[1] ?? 0);
    draw();
    expect(up()).toBe(0);
    Object.assign(terminal, { columns: 60 });
    draw();
    expect(up()).toBe(4);
    Object.assign(terminal, { columns: 20, rows: 5 });
    draw();
    expect(up()).toBe(4); // nine rows, of which four are in the window
    screen.clear();
    expect(up()).toBe(4);
    draw();
    expect(up()).toBe(0);
  });
});

describe("a run that shows its progress", () => {
  it("writes a line every ten seconds without a terminal, and one at the end", async () => {
    const written = stoppedClock();
    const { sink, open } = lock();
    const running = flow(
      fromIterable([
        { id: "a", text: "a" },
        { id: "b", text: "b" },
      ]),
    )
      .pipe(sink)
      .run({ progress: true, stallMs: 0 });
    await turns(3);
    vi.advanceTimersByTime(9900);
    expect(written).toEqual([]);
    vi.advanceTimersByTime(20_200);
    expect(written).toHaveLength(3);
    expect(written[0]).toBe(
      "sluice: 0 of 2 inputs (0 %); 0.0/s, for 10 s; testSink: 0 done, 2 in progress; waiting: sink testSink: for 1 batch to be written, then 1 more\n",
    );
    for (let n = 0; n < 2; n += 1) {
      open();
      await turns(3);
    }
    await running;
    expect(written[3]).toBe("sluice: ended: 2 of 2 inputs (100 %); 0.1/s, in 30 s; testSink: 2 done\n");
    expect(written).toHaveLength(4);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("writes nothing unless it is enabled", async () => {
    const written = stoppedClock();
    await flow(texts(3)).run();
    expect(written).toEqual([]);
  });

  it("calls onProgress four times a second, and at the end with the counts of the report", async () => {
    stoppedClock();
    const events: ProgressEvent[] = [];
    const { sink, open } = lock();
    const running = flow(texts(300, (n) => ({ id: `t${n}`, text: n % 100 === 0 ? "" : "x" })))
      .pipe(batch({ maxItems: 100 }), sink)
      .run({ stallMs: 0, onProgress: (event) => events.push(event) });
    await turns(3);
    vi.advanceTimersByTime(1000);
    expect(events).toHaveLength(4);
    for (let n = 0; n < 3; n += 1) {
      vi.advanceTimersByTime(5000);
      open();
      await turns(3);
    }
    const { counts } = await running;
    const last = events.at(-1);
    expect(last).toMatchObject({ state: "ended", elapsedMs: 16_000, waits: [] });
    expect(last?.counts).toEqual({ ...counts, inFlight: 0 });
    expect(last?.inputsPerSecond).toBe(18.8);
    expect(events.filter(({ state }) => state !== "running")).toHaveLength(1);
    expect(JSON.parse(JSON.stringify(events))).toEqual(events);
    expect(events.every(({ remainingMs }) => remainingMs === undefined)).toBe(true);
    // A window of ten seconds: one batch of a hundred in it, or two.
    expect(events.at(-2)?.inputsPerSecond).toBeGreaterThan(9);
    expect(events.at(-2)?.inputsPerSecond).toBeLessThan(21);
  });

  it("computes the remaining time from the total and the rate", async () => {
    stoppedClock();
    const events: ProgressEvent[] = [];
    const { sink, open } = lock();
    const running = flow({ ...texts(400), total: 400 })
      .pipe(batch({ maxItems: 100 }), sink)
      .run({ stallMs: 0, onProgress: (event) => events.push(event) });
    for (let n = 0; n < 4; n += 1) {
      await turns(3);
      vi.advanceTimersByTime(4000);
      open();
    }
    await running;
    const left = events.flatMap(({ counts, remainingMs }) => (remainingMs ? [[counts.ok, remainingMs]] : []));
    expect(left.length).toBeGreaterThan(20);
    for (const [ok = 0, remainingMs = 0] of left) {
      const seconds = remainingMs / 1000;
      const perSecond = (400 - ok) / seconds;
      expect(perSecond).toBeGreaterThan(9); // a hundred in four seconds, seen through the window
      expect(perSecond).toBeLessThan(31);
    }
  });

  it("ends with an event that names the outcome, also after a stop or an error", async () => {
    const states: string[] = [];
    const onProgress = ({ state }: ProgressEvent) => states.push(state);
    await flow(texts(3)).run({ onProgress, signal: AbortSignal.abort() });
    await expect(flow(jsonl("/nowhere/at-all.jsonl")).run({ onProgress })).rejects.toThrow("ENOENT");
    expect(states).toEqual(["stopped", "failed"]);
  });

  it("warns once when a callback throws, and continues", async () => {
    stoppedClock();
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
    onTestFinished(() => warn.mockRestore());
    const { sink, open } = lock();
    const onProgress = vi.fn(() => {
      throw new Error("no such column");
    });
    const running = flow(texts(1)).pipe(sink).run({ stallMs: 0, onProgress });
    await turns(3);
    vi.advanceTimersByTime(2000);
    open();
    expect((await running).ok).toBe(true);
    expect(onProgress).toHaveBeenCalledTimes(1);
    expect(warn).toHaveBeenCalledWith(expect.stringContaining("no such column"), "SluiceWarning");
  });
});

describe("the total of a source", () => {
  it("is the number of items that a folder yields: skipped files count, files in excluded folders do not", async () => {
    const root = temporaryFolder();
    await mkdir(join(root, "a/b"), { recursive: true });
    await mkdir(join(root, ".git"));
    for (const name of ["1.txt", "a/2.txt", "a/b/3.txt", "a/.hidden", ".git/x", ".git/y", "a/b/empty.jpg"]) {
      writeFileSync(join(root, name), name.endsWith(".jpg") ? "" : "text");
    }
    let last: ProgressEvent | undefined;
    const source = folder(root, { exclude: ["a/b/3*"] });
    const report = await flow(source).run({ onProgress: (event) => void (last = event) });
    expect(report.counts.read).toBe(6);
    expect(typeof source.total === "function" && (await source.total({ signal: new AbortController().signal }))).toBe(
      6,
    );
    expect(last?.counts.read).toBe(6);
  });
});
