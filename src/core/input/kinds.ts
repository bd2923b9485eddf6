/** The kinds of inputs. The file imports nothing, so that commands start fast. */

/** The kinds, and the fields of an input with its content. An input with image and text is an image. */
export const kinds = ["image", "video", "audio", "text"] as const;
/** The kind of an input, which decides its batch and its limits. */
export type Kind = (typeof kinds)[number];

/** Kinds whose content is bytes; text travels as a string. */
export const mediaKinds = ["image", "video", "audio"] as const;
export type MediaKind = (typeof mediaKinds)[number];
