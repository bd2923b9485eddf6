/** Jupyter: finds the notebook kernel that runs this program. */

/** The part of the API of Deno's kernel that is used. */
export interface JupyterKernel {
  /** Sends a message to the front ends of the notebook. */
  broadcast(type: "display_data" | "update_display_data", content: object): Promise<void>;
}

/** Returns Deno's notebook kernel; undefined in every other program. */
export function jupyterKernel(): JupyterKernel | undefined {
  try {
    return (globalThis as { Deno?: { jupyter?: JupyterKernel } }).Deno?.jupyter;
  } catch {
    return undefined; // Deno throws outside of its kernel
  }
}
