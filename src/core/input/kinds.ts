/** The kinds of inputs; a file of their own, since commands need no more than these names to start. */

/** What an input is made of. One of image + text is "image" first. */
export const kinds = ["image", "video", "audio", "text"] as const;
/** The kind of an input, which its batch and its limits go by. */
export type Kind = (typeof kinds)[number];

/** Kinds whose content is bytes; text travels as a string. */
export const mediaKinds = ["image", "video", "audio"] as const;
export type MediaKind = (typeof mediaKinds)[number];
