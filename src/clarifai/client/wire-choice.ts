/** The wire of an app's uploads: the one that was asked for, or the one that the server speaks. */

import { type Input, mediaOf } from "../../core/input/input.js";
import { limits } from "../limits.js";
import { namedMaxBytes } from "../wire/grpc-status.js";
import { restWire, type UploadWire, type WireName } from "../wire/upload-wire.js";
import type { ReplayableBody } from "./call.js";

/** On a link on which the smallest windows allow 1 MB a second, a request of this size takes 8 seconds. */
const trialBytes = 8_000_000;
/** A smaller request does not show how fast gRPC is. */
const tellingBytes = 2_000_000;

/** What `connect` is asked for. */
export type WireSetting = WireName | "auto";

/** The binary wire, which is loaded only when it may be used. */
export interface LoadedGrpc {
  wire: UploadWire;
  /** Makes a question that every server of the API answers without changing anything. */
  question(): ReplayableBody;
}

/** Asks the server whether it speaks gRPC. Returns undefined if so, else the reason. */
export type AskForGrpc = (question: ReplayableBody, signal?: AbortSignal) => Promise<string | undefined>;

/**
 * Chooses the wire of uploads. "auto" asks the server once, before the first upload; until then, and in a dry run, it counts on gRPC. If the server does
 * not answer as gRPC does, or if its windows make gRPC slow on the link, uploads use REST.
 */
export class WireChoice {
  readonly #grpc: LoadedGrpc | undefined;
  readonly #ask: AskForGrpc | undefined;
  #current: UploadWire;
  #settling: Promise<void> | undefined;
  #maxMessageBytes: number = limits.maxRequestBytes;
  #isOnTrial: boolean;
  /** Why an upload with the setting "auto" uses REST; undefined if it does not. */
  note: string | undefined;
  #measure: UploadWire["measure"];

  /** Without arguments, uploads use REST. With `ask`, the setting is "auto". */
  constructor(grpc?: LoadedGrpc, ask?: AskForGrpc) {
    this.#grpc = grpc;
    this.#ask = ask;
    this.#current = grpc?.wire ?? restWire;
    this.#isOnTrial = grpc !== undefined && ask !== undefined;
    this.#measure = this.#measureNow();
  }

  /** Measures an input by the wire that carries it. It is another function when that has changed, so that nothing keeps an old size. */
  get measure(): UploadWire["measure"] {
    return this.#measure;
  }

  /** The wire of inputs with bytes. */
  get current(): UploadWire {
    return this.#current;
  }

  /** Returns the wire of one request. With "auto", inputs without bytes, such as texts, go over REST: gRPC would carry no fewer bytes, and takes longer. */
  wireFor(messages: readonly { value: Input }[]): UploadWire {
    const [first] = messages;
    const own = first ? this.#wireOf(first.value) : this.#current;
    const isMixed = this.#ask && messages.some(({ value }) => this.#wireOf(value) !== own);
    // Without a mixture, each input was measured by its own wire, and keeps that size.
    return isMixed ? this.#current : { ...own, measure: this.#measure };
  }

  #wireOf(input: Input): UploadWire {
    if (!this.#ask) return this.#current;
    const media = mediaOf(input);
    return media && !("url" in media.content) ? this.#current : restWire;
  }

  #measureNow(): UploadWire["measure"] {
    return this.#ask ? (input) => this.#wireOf(input).measure(input) : this.#current.measure;
  }

  /** The size that a request stays below, in bytes. */
  get maxBytes(): number {
    return this.#current.name === "grpc" ? this.#maxMessageBytes : limits.maxRequestBytes;
  }

  /** Size up to which inputs go together in one request. While "auto" does not know how fast gRPC is on this link, requests are small. */
  get groupBytes(): number {
    return this.#isOnTrial ? Math.min(trialBytes, this.maxBytes) : this.maxBytes;
  }

  /** Records a request that was sent over gRPC. `limit` is the reason if the server's windows made it slow: "auto" then uses REST. */
  sent(bytes: number, limit: string | undefined): void {
    if (limit !== undefined && this.#ask) this.#useRest(limit);
    if (bytes >= tellingBytes) this.#isOnTrial = false;
  }

  /** Asks the server, if that is needed and did not happen yet. Rejects with the reason of an abort. */
  async settle(signal?: AbortSignal): Promise<void> {
    if (!this.#grpc || !this.#ask) return;
    this.#settling ??= this.#askOnce(this.#grpc, this.#ask, signal);
    try {
      await this.#settling;
    } catch (error) {
      this.#settling = undefined; // another run may ask again
      throw error;
    }
  }

  /** Makes later requests smaller, after the server refused one of `bytes` bytes. `details` may name the largest message that it accepts. */
  lowerMaxBytes(bytes: number, details: string | undefined): void {
    const named = namedMaxBytes(details);
    const accepted = named !== undefined && named < bytes ? named + 1 : Math.ceil(bytes / 2);
    this.#maxMessageBytes = Math.min(this.#maxMessageBytes, accepted);
  }

  /** Uses REST from now on, with a note. Requests that are open stay as they are. */
  #useRest(reason: string): void {
    this.#current = restWire;
    this.#measure = this.#measureNow();
    this.#isOnTrial = false;
    this.note ??= `uploads use REST, not gRPC: ${reason}`;
  }

  async #askOnce(grpc: LoadedGrpc, ask: AskForGrpc, signal: AbortSignal | undefined): Promise<void> {
    const reason = await ask(grpc.question(), signal);
    if (reason !== undefined) this.#useRest(reason);
  }
}
