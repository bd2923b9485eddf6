/** The log of ffmpeg: the times of the frames that the filter `showinfo` prints, and error messages. */

/** Last messages that an error text quotes. */
const maxErrors = 5;
const maxLineLength = 300;

/** Reads the log of ffmpeg line by line, and records times and errors. */
export class FrameLog {
  /** Times of the frames in seconds, in their order; NaN for a frame without a time. */
  readonly times: number[] = [];
  /** The last error messages. */
  readonly errors: string[] = [];
  #rest = "";
  #secondsPerTick = Number.NaN;

  push(chunk: string): void {
    const lines = (this.#rest + chunk).split(/[\r\n]+/);
    this.#rest = (lines.pop() ?? "").slice(-10_000);
    for (const line of lines) this.#add(line);
  }

  end(): void {
    this.#add(this.#rest);
    this.#rest = "";
  }

  #add(line: string): void {
    if (line.startsWith("[Parsed_showinfo")) {
      // The printed time has six digits only; the ticks are exact.
      const [, seconds, ticks] = /config in time_base: (\d+)\/(\d+)/.exec(line) ?? [];
      if (seconds !== undefined) this.#secondsPerTick = Number(seconds) / Number(ticks);
      const [, pts] = /\[info\] n: *\d+ pts: *(-?\d+|NOPTS)/.exec(line) ?? [];
      if (pts !== undefined) this.times.push(Number(pts) * this.#secondsPerTick);
    } else if (/\[(?:error|fatal|panic)\] /.test(line)) {
      const text = line.replace(/^(?:\[[^\]]*@ 0x[0-9a-f]+\] )+/, "").replace(/\[(?:error|fatal|panic)\] /, "");
      if (this.errors.at(-1) !== text) this.errors.push(text.slice(0, maxLineLength));
      if (this.errors.length > maxErrors) this.errors.shift();
    }
  }
}
