/** The loudness of an audio file over time. The browser decodes it. */

import { Previews, usePreview } from "./previews.js";
import { Duration, KindSign } from "./tile-parts.js";

/** Larger files have no waveform, because the whole file would be loaded and decoded. */
export const maxWaveformBytes = 1_000_000;
const bars = 48;
/** Enough to see the loudness. */
const samplesPerSecond = 8000;

interface Waveform {
  /** The maximum of each part, 0 to 1. */
  peaks: number[];
  seconds: number;
}

const waveforms = new Previews(waveformOf);

export function Waveform({ url }: { url: string }) {
  const waveform = usePreview(waveforms, url);
  if (!waveform) return <KindSign kind="audio" />;
  const lines = waveform.peaks.map((peak, index) => `M${index + 0.5} ${50 - peak * 44 - 1}v${peak * 88 + 2}`);
  return (
    <>
      <svg class="waveform" viewBox={`0 0 ${bars} 100`} preserveAspectRatio="none" role="img" aria-label="audio">
        <path d={lines.join("")} />
      </svg>
      <Duration kind="audio" seconds={waveform.seconds} />
    </>
  );
}

async function waveformOf(url: string, signal: AbortSignal): Promise<Waveform> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(String(response.status));
  const decoder = new OfflineAudioContext(1, 1, samplesPerSecond);
  const audio = await decoder.decodeAudioData(await response.arrayBuffer());
  const samples = audio.getChannelData(0);
  const peaks = Array.from({ length: bars }, (_, bar) => {
    const from = Math.floor((bar * samples.length) / bars);
    const to = Math.floor(((bar + 1) * samples.length) / bars);
    return samples.subarray(from, to).reduce((max, sample) => Math.max(max, Math.abs(sample)), 0);
  });
  return { peaks: peaks.map((peak) => Math.min(1, peak)), seconds: audio.duration };
}
