/** How loud a sound is over its time, as the browser decodes it. */

import { Previews, usePreview } from "./previews.js";
import { KindSign, Length } from "./tile-parts.js";

/** A larger file is not worth its picture: all of it is loaded, and decoded to more. */
export const maxWaveformBytes = 1_000_000;
const bars = 48;
/** Enough to see how loud it is. */
const samplesPerSecond = 8000;

interface Waveform {
  /** The loudest of each part, 0 to 1. */
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
      <Length kind="audio" seconds={waveform.seconds} />
    </>
  );
}

async function waveformOf(url: string, signal: AbortSignal): Promise<Waveform> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(String(response.status));
  const decoder = new OfflineAudioContext(1, 1, samplesPerSecond);
  const sound = await decoder.decodeAudioData(await response.arrayBuffer());
  const samples = sound.getChannelData(0);
  const peaks = Array.from({ length: bars }, (_, bar) => {
    const from = Math.floor((bar * samples.length) / bars);
    const to = Math.floor(((bar + 1) * samples.length) / bars);
    return samples.subarray(from, to).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  });
  return { peaks: peaks.map((peak) => Math.min(1, peak)), seconds: sound.duration };
}
