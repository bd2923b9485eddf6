/** Extracts frames of a video with ffmpeg: which ones, in which format, and when each is shown. */

import { InputError } from "../../core/errors.js";
import type { Content } from "../../core/input/input.js";
import { passOption, runFfmpeg } from "./ffmpeg.js";
import { FrameFiles, type TemporaryFolder } from "./frame-files.js";
import { FrameLog } from "./frame-log.js";
import { ImageSplitter } from "./split-images.js";

/** Which frames are extracted. One of the first three is set. */
export interface FrameChoice {
  everyMs?: number | undefined;
  scene?: number | undefined;
  count?: number | undefined;
  format: "jpeg" | "png";
  quality: number;
  maxFrames: number;
}

/** A frame with its time from the beginning of the video. */
export interface VideoFrame {
  content: Content;
  seconds: number;
}

/** The frames of a video, and what ffmpeg reported about damage. */
export interface ExtractedFrames {
  frames: VideoFrame[];
  /** Error messages of ffmpeg; empty for a video without damage. */
  errors: readonly string[];
  hasFiles: boolean;
}

/**
 * Formats that ffmpeg may open. Others, such as playlists and lists of files, could name further files.
 * The names are those of `ffmpeg -demuxers`.
 */
const containers =
  "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,asf_o,flv,live_flv,mpeg,mpegvideo,mpegts,ogg,h261,h263,h264,hevc,vvc,av1,obu,ivf,m4v,mjpeg,vc1,dv,mxf,gxf,nut,rm,wtv,dirac,yuv4mpegpipe,apng,gif";

/** Times are computed from ticks, so the time of a frame may lie a rounding error before its step. */
const tolerance = 1e-6;

/**
 * Extracts the frames of a video file.
 *
 * @throws {InputError} ERR_FFMPEG_MISSING, ERR_VIDEO, ERR_VIDEO_FRAMES
 */
export async function extractFrames(
  program: string,
  path: string,
  choice: FrameChoice,
  folder: TemporaryFolder,
  signal: AbortSignal,
): Promise<ExtractedFrames> {
  const { format, maxFrames, count } = choice;
  const pass = await passOption(program);
  const measured = count === undefined ? undefined : await measure(program, path, signal);
  const step = measured && count ? measured.seconds / count : undefined;
  const files = new FrameFiles(folder);
  const splitter = new ImageSplitter(format);
  const log = new FrameLog();
  const readers = {
    log: (chunk: string) => log.push(chunk),
    async output(chunk: Buffer) {
      for (const image of splitter.push(chunk)) {
        if (files.contents.length === maxFrames) throw tooMany(maxFrames);
        await files.add(image);
      }
    },
  };
  const args = [...readingOf(path), "-vf", filtersOf(choice, step), ...pass, ...encodingOf(choice), "pipe:1"];
  const exit = await runFfmpeg(program, args, readers, signal);
  log.end();
  const { times } = log;
  const errors = [...new Set([...(measured?.errors ?? []), ...log.errors])];
  const { contents, hasFiles } = files;
  if (exit.killedBy !== null)
    throw new InputError("ERR_VIDEO", `ffmpeg was ended by ${exit.killedBy}${quoted(errors)}`);
  if (contents.length === 0 || (exit.code !== 0 && errors.length === 0)) {
    throw new InputError("ERR_VIDEO", `ffmpeg found no frame in the video (exit code ${exit.code})${quoted(errors)}`);
  }
  if (splitter.rest > 0 || times.length < contents.length || times.some(Number.isNaN)) {
    const fact = `ffmpeg wrote ${contents.length} frames and the times of ${times.filter(Number.isFinite).length}`;
    throw new InputError("ERR_VIDEO", `${fact}, so the time of a frame is unknown${quoted(errors)}`);
  }
  const frames = contents.map((content, index) => ({ content, seconds: times[index] as number }));
  return { frames, errors, hasFiles };
}

/** Formats error messages for the end of a text. */
export function quoted(errors: readonly string[]): string {
  return errors.length === 0 ? "" : `: ${errors.join("; ")}`;
}

function readingOf(path: string): string[] {
  const log = ["-nostdin", "-hide_banner", "-nostats", "-loglevel", "repeat+level+info"];
  // `file:` keeps ffmpeg from taking a name for an option or an address. `V` leaves out cover pictures.
  const access = ["-protocol_whitelist", "file,pipe", "-format_whitelist", containers];
  return [...log, ...access, "-i", `file:${path}`, "-map", "0:V:0"];
}

/** Makes the filters: the choice of frames, their times, and the colors of the format. */
function filtersOf({ everyMs = 0, scene, format }: FrameChoice, step = everyMs / 1000): string {
  const part = (time: string) => `floor((${time}+${tolerance})/${step})`;
  const isNext = scene === undefined ? `gt(${part("t")},${part("prev_selected_t")})` : `gt(scene,${scene})`;
  // JPEG has the full range of values, and the color matrix of BT.601.
  const color = format === "jpeg" ? "scale=out_range=pc:out_color_matrix=bt601,format=yuvj420p" : "format=rgb24";
  return `select='isnan(prev_selected_t)+${isNext}',showinfo,${color}`;
}

function encodingOf({ format, quality, count }: FrameChoice): string[] {
  const end = count === undefined ? [] : ["-frames:v", String(count)];
  if (format === "png") return [...end, "-c:v", "png", "-f", "image2pipe"];
  return [...end, "-c:v", "mjpeg", "-qmin", "1", "-q:v", String(scaleOf(quality)), "-f", "image2pipe"];
}

/** Converts the quality of other encoders to the scale of ffmpeg, whose tables for a scale of 17 have the values of quality 50. */
function scaleOf(quality: number): number {
  const factor = quality < 50 ? 50 / quality : (100 - quality) / 50;
  return Math.min(31, Math.max(1, Math.round(17 * factor)));
}

/** Measures the video stream. It reads the packets and decodes nothing, since the duration in a header may be that of the sound. */
async function measure(
  program: string,
  path: string,
  signal: AbortSignal,
): Promise<{ seconds: number; errors: readonly string[] }> {
  let output = "";
  const log = new FrameLog();
  const readers = {
    log: (chunk: string) => log.push(chunk),
    output: (chunk: Buffer) => void (output = (output + chunk.toString("latin1")).slice(-4000)),
  };
  const copy = ["-progress", "pipe:1", "-c", "copy", "-f", "null", "-"];
  const { code } = await runFfmpeg(program, [...readingOf(path), ...copy], readers, signal);
  log.end();
  if (code !== 0) throw new InputError("ERR_VIDEO", `ffmpeg cannot read the video${quoted(log.errors)}`);
  const microseconds = Number(
    output
      .match(/out_time_us=(\d+)/g)
      ?.at(-1)
      ?.slice("out_time_us=".length),
  );
  const seconds = microseconds > 0 ? microseconds / 1_000_000 : 1; // one frame has no duration
  return { seconds, errors: log.errors };
}

function tooMany(maxFrames: number): InputError {
  const text = `the video gives more than ${maxFrames} frames (maxFrames)`;
  return new InputError("ERR_VIDEO_FRAMES", `${text}; choose fewer frames, or raise maxFrames`);
}
