/** The documented limits of the API. MB is 1,000,000 bytes. */

import type { Kind } from "../core/input/input.js";

/** Bytes in a megabyte of the limits. */
export const MB = 1_000_000;

/**
 * Limits of one request and of one input.
 * Source: Clarifai documentation, "Managing Inputs" and "Rate Limits".
 */
export const limits = {
  /** Maximum number of inputs in one request. */
  maxInputsPerRequest: 128,
  /** The request as sent (JSON and base64) must have fewer bytes than this. */
  maxRequestBytes: 128 * MB,
  /** Maximum number of videos in one request. */
  maxVideosPerRequest: 1,
  /** A file or text must have fewer bytes than this. */
  maxItemBytes: { image: 20 * MB, audio: 20 * MB, text: 20 * MB, video: 128 * MB } satisfies Record<Kind, number>,
  /**
   * Types of images that the platform accepts. For video and audio, its documentation names AVI, MP4, WMV, MOV, 3GPP and WAV, and the platform accepts
   * more (WebM, MP3). Therefore `refusedTypes` names only types that contain neither pictures nor recorded sound.
   */
  imageTypes: ["image/jpeg", "image/png", "image/apng", "image/tiff", "image/bmp", "image/webp", "image/gif"],
  refusedTypes: ["audio/midi", "audio/x-mod", "audio/x-xm", "audio/x-it", "audio/x-s3m", "video/x-fli", "video/x-anim"],
  /** Maximum megapixels of an image. */
  maxMegapixels: 85,
  /** Maximum characters of an input id. */
  maxIdLength: 48,
  /** Maximum number of ids in one delete or one filtered listing. */
  maxIdsPerRequest: 128,
  /** Maximum number of inputs on one page of a listing. */
  maxPerPage: 1000,
  /**
   * Maximum number of the last hit of a search: page × perPage. The platform has such a limit and does not publish it; this is the one of the emulator. The
   * client does not depend on the number.
   */
  maxSearchWindow: 10_000,
  /** Requests per second that the platform grants by default. */
  requestsPerSecond: 15,
} as const;
