/** Asks for a confirmation on the terminal. */

import { createInterface } from "node:readline/promises";

/** Asks a question on stderr. Resolves to whether the answer is yes; the end of the input is a no. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("")));
  try {
    const answer = await Promise.race([terminal.question(`${question} (yes/no) `), closed]);
    return /^\s*yes\s*$/i.test(answer);
  } finally {
    terminal.close();
  }
}
