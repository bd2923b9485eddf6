/** One app of the API: one method per call, with typed answers. */

import type { Credential } from "../../core/accounting/clients.js";
import type { Target } from "../../core/accounting/targets.js";
import type { Network } from "../../core/net/network.js";
import { authorityStep } from "./access/authority-step.js";
import { type Secret, secretHeaders } from "./access/secret.js";
import type { ApiTransport } from "./api-transport.js";
import { SearchCalls } from "./calls/search-calls.js";
import { pathPart } from "./path-part.js";
import { RecordingTransport } from "./recording-transport.js";
import { WireChoice } from "./wire-choice.js";

export interface AppOptions extends Secret {
  userId: string;
  appId: string;
  baseUrl: string;
  /** Hosts of media that get the credential, besides the API's own origin. */
  mediaHosts?: readonly string[] | undefined;
  /** The way to the servers that get the secret. Default: direct, with the authorities of Node.js. */
  network?: Network | undefined;
  /** The emulator in this process: its data folder, and the id of its store. Its URL changes with each run. */
  emulator?: { folder: string; store: string } | undefined;
  /** Chooses the wire of uploads. Default: REST. */
  wire?: WireChoice | undefined;
  /** Runs when the app is closed. */
  onClose?: (() => Promise<void>) | undefined;
}

/**
 * A connection to one app, which `connect` makes. Sinks and `listInputs` use it, and programs may call its methods.
 *
 * A method rejects with an `ApiError` if the server refuses the whole request or does not answer. If some items of a request succeed, the method
 * resolves, and each item has its own status. Requests are paced by the account's rate, and retried. An abort of `signal` rejects with its reason.
 *
 * @example const [first] = await app.listInputs({ perPage: 1 });
 */
export class App extends SearchCalls {
  readonly userId: string;
  readonly appId: string;
  readonly baseUrl: string;
  /** The wire of uploads. */
  readonly wire: WireChoice;
  readonly #origin: string;
  readonly #options: AppOptions;

  constructor(transport: ApiTransport, options: AppOptions) {
    super(transport, `/v2/users/${pathPart(options.userId)}/apps/${pathPart(options.appId)}`);
    this.wire = options.wire ?? new WireChoice();
    this.userId = options.userId;
    this.appId = options.appId;
    this.baseUrl = options.baseUrl;
    this.#origin = new URL(options.baseUrl).origin;
    this.#options = options;
  }

  /** Returns the address of the app for people: `me/photos at https://api.clarifai.com`, `me/main at /home/me/.sluice (emulator)`. */
  get address(): string {
    const { emulator } = this.#options;
    const server = emulator ? `${emulator.folder} (emulator)` : this.#server;
    return `${this.userId}/${this.appId} at ${server}`;
  }

  /** Describes the app as what a sink writes to. A journal knows an emulator by its store, and any other server by its address. */
  target(action: string): Target {
    const { emulator } = this.#options;
    return {
      action,
      name: this.address,
      ...(emulator ? { path: emulator.folder } : { url: this.#server }),
      identity: async () => {
        const store = emulator?.store ?? (await this.transport.storeOfServer());
        return store === undefined ? this.address : `${this.userId}/${this.appId} in the store ${store}`;
      },
    };
  }

  /** Returns the URL of the server, with its port and without credentials. */
  get #server(): string {
    const { protocol, host, pathname } = new URL(this.baseUrl);
    return `${protocol}//${host}${pathname.replace(/\/+$/, "")}`;
  }

  /** Returns the credential for a URL of the API's own origin or of its media hosts; undefined for all others. */
  authorize(url: URL): Credential | undefined {
    const isMediaHost = url.protocol === "https:" && (this.#options.mediaHosts ?? []).includes(url.host);
    if (url.origin !== this.#origin && !isMediaHost) return undefined;
    const owned = `/users/${pathPart(this.userId)}/apps/${pathPart(this.appId)}/`;
    return {
      headers: secretHeaders(this.#options),
      isOwner: url.pathname.includes(owned),
      network: this.#options.network,
      authorityStep: authorityStep(this.#options.network?.caFile),
    };
  }

  /** Returns the app for a dry run: it counts the requests and sends none. */
  forDryRun(): App {
    return new App(new RecordingTransport(this.transport), { ...this.#options, wire: this.wire, onClose: undefined });
  }

  /** Closes the connections, and stops the emulator if `connect` started it. */
  async close(): Promise<void> {
    await this.transport.close();
    await this.#options.onClose?.();
  }
}
