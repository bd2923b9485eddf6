/** The first frame of a video. The browser decodes it, because the emulator has no decoder for video. */

import { Previews, usePreview } from "./previews.js";
import { Duration, KindSign } from "./tile-parts.js";

/** Longest side of the frame in pixels. */
const maxSide = 360;

interface Frame {
  /** Address of an image in the memory of the page. */
  url: string;
  seconds: number;
}

const frames = new Previews(firstFrame, ({ url }) => URL.revokeObjectURL(url));

export function VideoFrame({ url }: { url: string }) {
  const frame = usePreview(frames, url);
  if (!frame) return <KindSign kind="video" />;
  return (
    <>
      <img src={frame.url} alt="video" />
      <Duration kind="video" seconds={frame.seconds} />
    </>
  );
}

async function firstFrame(url: string, signal: AbortSignal): Promise<Frame> {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.preload = "auto"; // With other values, some browsers decode no frame.
  try {
    await new Promise((resolve, reject) => {
      video.addEventListener("loadeddata", resolve);
      video.addEventListener("error", reject);
      signal.addEventListener("abort", reject);
      video.src = url;
    });
    return { url: URL.createObjectURL(await smallImageOf(video)), seconds: video.duration };
  } finally {
    // A video without a source closes its connection.
    video.removeAttribute("src");
    video.load();
  }
}

function smallImageOf(video: HTMLVideoElement): Promise<Blob> {
  const scale = Math.min(1, maxSide / Math.max(video.videoWidth, video.videoHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(video.videoWidth * scale);
  canvas.height = Math.round(video.videoHeight * scale);
  canvas.getContext("2d")?.drawImage(video, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/jpeg", 0.8);
  });
}
