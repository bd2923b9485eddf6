/** Transform: makes images of the frames of videos. */

import * as z from "zod";
import { InputError } from "../core/errors.js";
import { nameOfContent } from "../core/input/content.js";
import type { Input, ReadableContent } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import type { ChangedInput, TransformContext } from "../core/plugin/transform.js";
import { type ExtractedFrames, extractFrames, quoted } from "./video-frames/extract-frames.js";
import { TemporaryFolder } from "./video-frames/frame-files.js";
import { frameInputs } from "./video-frames/frame-inputs.js";
import { localFile } from "./video-frames/local-file.js";

const optionFields = {
  /** The first frame, and the first frame of each further span of this many milliseconds. */
  everyMs: z.number().int().min(1).optional(),
  /** The first frame, and each frame that differs from the one before it by more than this, 0 to 1. 0.3 to 0.5 finds most cuts. */
  scene: z.number().min(0).max(1).optional(),
  /** This many frames at equal distances, from the first frame on. A video with fewer frames gives all of them. */
  count: z.number().int().min(1).optional(),
  /** Format of the images. PNG is exact and several times larger. Default: "jpeg". */
  format: z.enum(["jpeg", "png"]).default("jpeg"),
  /** Quality of JPEG, 1 to 100. Default: 90. */
  quality: z.number().int().min(1).max(100).default(90),
  /** A video that gives more frames than this fails (ERR_VIDEO_FRAMES). Default: 10,000. */
  maxFrames: z.number().int().min(1).default(10_000),
  /**
   * What to do with a video in which ffmpeg finds damage, such as a truncated file. "fail": the input fails (ERR_VIDEO). "note": the frames that can be
   * decoded pass, and the report counts the video. Default: "fail".
   */
  onBroken: z.enum(["fail", "note"]).default("fail"),
  /** The ffmpeg program. Default: the environment variable FFMPEG_PATH, else `ffmpeg` on the PATH. */
  ffmpegPath: z.string().min(1).optional(),
  /** Maximum number of videos processed at once. ffmpeg itself uses all cores. Default: 1. */
  concurrency: z.number().int().min(1).max(64).default(1),
  /** Longest time for one video, in milliseconds. After it, ffmpeg is ended, and the input fails (ERR_TRANSFORM_TIMEOUT). Default: 1,800,000 (30 minutes). */
  timeoutMs: z.number().positive().default(1_800_000),
};
const ways = ["everyMs", "scene", "count"] as const;
const Options = z
  .strictObject(optionFields)
  .refine((options) => ways.filter((way) => options[way] !== undefined).length === 1, {
    message: "expected exactly one of everyMs, scene and count",
  });
/** Options of `videoFrames`. One of `everyMs`, `scene` and `count` is required. */
export type VideoFramesOptions = OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options>;

const damagedNote = "videoFrames: ffmpeg found damage in the video, so frames may be missing";

/**
 * Replaces each video by images: its frames at equal distances, at cuts, or a number of them. The program ffmpeg decodes them; it must be installed.
 *
 * A frame has the id `<id of the video>-frame-<milliseconds>`; if that is longer than 48 characters, its end and a hash. Its metadata are those of the
 * video, and `video` (the id), `timeMs` (when the video shows it) and `frame` (its index among the extracted frames). Location, concepts and datasets are
 * those of the video. An annotation of the whole video goes to each frame, one of a frame to the image with its time; annotations that fit no image are
 * lost, with a note in the report. Frames are upright: ffmpeg applies the rotation that the video records.
 *
 * Keeps order, and passes other kinds unchanged. The input settles when all its frames have their outcome. It settles as failed if ffmpeg cannot decode the
 * video (ERR_VIDEO), if the video is a URL (ERR_CONTENT_REMOTE), or if ffmpeg is missing (ERR_FFMPEG_MISSING). The first 16 MB of a video's frames stay in
 * memory; further frames are files in the system's temporary folder until the input settles. So are copies of videos that are not files of their own.
 *
 * ffmpeg is started without a shell. It opens that one file only, no playlists and no addresses.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./clips")).pipe(videoFrames({ everyMs: 2000 }), batch(), upload(app));
 */
export const videoFrames = defineTransform({
  name: "videoFrames",
  options: Options,
  concurrency: ({ concurrency }) => concurrency,
  timeoutMs: ({ timeoutMs }) => timeoutMs,
  apply(input, options, context) {
    const { video } = input;
    if (!video) return input;
    if (!("url" in video)) return imagesOf(input, video, options, context);
    const text = `the video ${nameOfContent(video)} is a URL; fetch it with urls(…, { fetch: true }) first`;
    throw new InputError("ERR_CONTENT_REMOTE", text);
  },
});

async function imagesOf(
  input: Input,
  video: ReadableContent,
  options: Checked,
  { signal, note, whenSettled }: TransformContext,
): Promise<ChangedInput[]> {
  const folder = new TemporaryFolder();
  let extracted: ExtractedFrames | undefined;
  try {
    extracted = await framesOf(video, options, folder, signal);
  } finally {
    if (folder.exists) {
      if (extracted?.hasFiles) whenSettled(() => folder.remove());
      else await folder.remove();
    }
  }
  const { frames, errors } = extracted;
  if (errors.length > 0) note(damagedNote);
  return frameInputs(input, frames, note);
}

async function framesOf(
  video: ReadableContent,
  options: Checked,
  folder: TemporaryFolder,
  signal: AbortSignal,
): Promise<ExtractedFrames> {
  const program = options.ffmpegPath ?? (process.env.FFMPEG_PATH || "ffmpeg");
  const copies = new TemporaryFolder();
  try {
    const path = await localFile(video, () => copies.path(), signal);
    const extracted = await extractFrames(program, path, options, folder, signal);
    if (extracted.errors.length === 0 || options.onBroken === "note") return extracted;
    const text = `ffmpeg found damage in ${nameOfContent(video)}${quoted(extracted.errors)}`;
    throw new InputError(
      "ERR_VIDEO",
      `${text}; onBroken: "note" keeps the ${extracted.frames.length} frames that it decoded`,
    );
  } finally {
    await copies.remove();
  }
}
