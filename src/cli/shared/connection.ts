/** Connection: the options that say which app is meant, the same for every command. */

import type { Command } from "commander";
import type { App } from "../../clarifai/client/app.js";
import { notEmpty } from "./parsing.js";

export interface ConnectionOptions {
  baseUrl?: string;
  user?: string;
  app?: string;
  store?: string;
}

/** Adds the options. The key is none of them: what is on a command line is seen by everybody on the machine. */
export function withConnection(command: Command): Command {
  return command
    .optionsGroup("Which app (the key comes from CLARIFAI_PAT alone):")
    .option("--user <id>", "user or organisation (default: CLARIFAI_USER_ID)", notEmpty)
    .option("--app <id>", "app (default: CLARIFAI_APP_ID)", notEmpty)
    .option("--base-url <url>", "server (default: CLARIFAI_API_BASE, else the platform)", notEmpty)
    .option(
      "--store <folder>",
      "folder of an emulator in this process, whatever the environment names (default without a key: ./.sluice)",
      notEmpty,
    );
}

/** Connects, does something, and closes the connection whatever happens. */
export async function withApp<T>(options: ConnectionOptions, work: (app: App) => Promise<T>): Promise<T> {
  const { connect } = await import("../../index.js");
  const { baseUrl, user: userId, app: appId, store: data } = options;
  const app = await connect({ baseUrl, userId, appId, data });
  try {
    return await work(app);
  } finally {
    await app.close();
  }
}
