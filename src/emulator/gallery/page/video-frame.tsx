/** The first frame of a video, which the browser decodes: the store has no decoder for it. */

import { useEffect, useRef } from "preact/hooks";
import { Previews, usePreview } from "./previews.js";
import { KindSign, Length } from "./tile-parts.js";

/** Longest side in pixels. */
const maxSide = 360;

interface Frame {
  canvas: HTMLCanvasElement;
  seconds: number;
}

const frames = new Previews(firstFrame);

export function VideoFrame({ url }: { url: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = usePreview(frames, url);
  useEffect(() => {
    if (frame) canvas.current?.getContext("2d")?.drawImage(frame.canvas, 0, 0);
  }, [frame]);
  if (!frame) return <KindSign kind="video" />;
  const { width, height } = frame.canvas;
  return (
    <>
      <canvas ref={canvas} width={width} height={height} role="img" aria-label="video" />
      <Length kind="video" seconds={frame.seconds} />
    </>
  );
}

async function firstFrame(url: string, signal: AbortSignal): Promise<Frame> {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.preload = "auto"; // some browsers decode nothing for less
  try {
    await new Promise((resolve, reject) => {
      video.addEventListener("loadeddata", resolve);
      video.addEventListener("error", reject);
      signal.addEventListener("abort", reject);
      video.src = url;
    });
    const { videoWidth, videoHeight, duration } = video;
    const scale = Math.min(1, maxSide / Math.max(videoWidth, videoHeight));
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(videoWidth * scale);
    canvas.height = Math.round(videoHeight * scale);
    canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
    return { canvas, seconds: duration };
  } finally {
    // Without a source it gives up its connection.
    video.removeAttribute("src");
    video.load();
  }
}
