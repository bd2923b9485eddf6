/** The states of annotations: their codes, and the words for them. */

import * as z from "zod";
import { statusCodes } from "./status-codes.js";

/** Codes by words. */
const codesByWord = {
  success: statusCodes.ANNOTATION_SUCCESS,
  pending: statusCodes.ANNOTATION_PENDING,
  failed: statusCodes.ANNOTATION_FAILED,
  "awaiting review": statusCodes.ANNOTATION_AWAITING_REVIEW,
  "review denied": statusCodes.ANNOTATION_REVIEW_DENIED,
  "awaiting consensus review": statusCodes.ANNOTATION_AWAITING_CONSENSUS_REVIEW,
} as const;

const words = Object.keys(codesByWord) as (keyof typeof codesByWord)[];
const codes = Object.values(codesByWord) as number[];
const expected = `expected ${words.map((word) => `"${word}"`).join(", ")} or a code: ${codes.join(", ")}`;

/** A state of an annotation, by its word or its code; read as its code. */
export const annotationStatus = z
  .union([z.enum(words), z.number().int()], expected)
  .transform((value): number => (typeof value === "number" ? value : codesByWord[value]))
  .refine((code) => codes.includes(code), expected);

/** Returns the word for the state of an annotation; a code without a word as it is. A listed annotation without a code is in the usual state, "success". */
export function annotationStatusWord(code: number = codesByWord.success): string {
  return words.find((word) => codesByWord[word] === code) ?? String(code);
}
