/** Downloads the inputs that match the filters, in a format that the user chooses. */

import { useEffect, useRef, useState } from "preact/hooks";
import { countText } from "../../../../core/util/format/format.js";
import { exportFormats } from "../../export/names.js";
import { type ExportFile, getExport, NoSession } from "../api.js";

interface ExportProps {
  /** The app and the filters. */
  parameters: string;
  /** Number of inputs that match or are selected. Undefined until the first answer. */
  total: number | undefined;
  /** Records the selection, and returns its name. Undefined: everything that matches is exported. */
  select?: (() => Promise<string>) | undefined;
  /** Called if the session is over. */
  onFailed: (error: unknown) => void;
}

/** What the last export did. */
interface Result {
  text: string;
  isProblem: boolean;
}

/** The addresses of downloads are released after this time, in milliseconds: browsers read them late. */
const releaseMs = 60_000;

export function Export({ parameters, total, select, onFailed }: ExportProps) {
  const [format, setFormat] = useState<string>(exportFormats[0].id);
  const [result, setResult] = useState<Result>();
  const [isRunning, setRunning] = useState(false);
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => running.current?.abort(), []);
  useEffect(() => setResult(undefined), [parameters, format, select === undefined]);

  const start = async () => {
    const stop = new AbortController();
    running.current = stop;
    setRunning(true);
    setResult(undefined);
    try {
      const { blob, name, ...counts } = await getExport(
        { parameters, selection: await select?.() },
        format,
        stop.signal,
      );
      save(blob, name);
      setResult({ text: textOf(counts), isProblem: false });
    } catch (error) {
      if (error instanceof NoSession) onFailed(error);
      else if (!stop.signal.aborted) setResult({ text: String((error as Error).message), isProblem: true });
    } finally {
      setRunning(false);
    }
  };
  return (
    <span class="export">
      <select
        aria-label="Format of the export"
        value={format}
        disabled={isRunning}
        onChange={(event) => setFormat(event.currentTarget.value)}
      >
        {exportFormats.map(({ id, label }) => (
          <option key={id} value={id}>
            {label}
          </option>
        ))}
      </select>
      <button type="button" onClick={() => (isRunning ? running.current?.abort() : void start())}>
        {isRunning
          ? "Stop the export"
          : `Export${total === undefined ? "" : ` ${countText(total)}${select ? " selected" : ""}`}`}
      </button>
      <span role="status">{isRunning ? "Exporting…" : result?.isProblem === false && result.text}</span>
      <span class="problem" role="alert">
        {result?.isProblem && result.text}
      </span>
    </span>
  );
}

function textOf({ exported, left, losses }: Omit<ExportFile, "blob" | "name">): string {
  const lossy = losses === "" ? "" : ` with losses (${losses})`;
  return `${countText(exported)} exported${lossy}${left > 0 ? `, ${countText(left)} not (not-exported.txt)` : ""}`;
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), releaseMs);
}
