/** The pixel budget: bounds what is decoded at once, by all flows and stores of the process together. */

import { Semaphore } from "../util/semaphore.js";

/** Weights are megapixels. */
export const pixelBudget = new Semaphore(200);
