/** Hosts: how many requests each may have open, and until when it asked to be left alone. */

import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../errors.js";
import { durationText } from "../util/format.js";

export interface HostGateOptions {
  /** Requests that one host may have open. */
  most: number;
  /** Longest time for which a host may refuse everything, with the wait that it asks for, in milliseconds. */
  patienceMs: number;
}

interface Waiter {
  enter: () => void;
  fail: (error: Error) => void;
  /** The host refused it before: it goes before requests that were never sent. */
  isAgain: boolean;
}

/** A host that refused a request, and for how long it is to be left alone. */
export interface Refusal {
  statusCode: number;
  waitMs: number;
}

/** One host. After a refusal, requests wait until its time is over, and go on few at once. */
class HostGate {
  readonly #host: string;
  readonly #options: HostGateOptions;
  #limit: number;
  #open = 0;
  #waiting: Waiter[] = [];
  #pausedUntil = 0;
  #isPaused = false;
  #refusedSince: number | undefined;
  #statusCode = 0;

  constructor(host: string, options: HostGateOptions) {
    this.#host = host;
    this.#options = options;
    this.#limit = options.most;
  }

  /** Whether a request would have to wait. */
  get isWaiting(): boolean {
    return this.#isPaused || this.#open >= this.#limit || this.#waiting.length > 0;
  }

  get isIdle(): boolean {
    return this.#open === 0 && !this.isWaiting && this.#refusedSince === undefined;
  }

  /** Waits for a free slot. @throws {InputError} ERR_HTTP_429 or another status, at once, when the host asks for a longer wait than there is time for */
  async enter(signal: AbortSignal, isAgain: boolean): Promise<void> {
    signal.throwIfAborted();
    const hopeless = this.#hopeless();
    if (hopeless) throw hopeless;
    if (this.isWaiting) await this.#wait(signal, isAgain);
    else this.#open += 1;
  }

  leave(): void {
    this.#open -= 1;
    this.#admit();
  }

  succeeded(): void {
    this.#refusedSince = undefined;
    this.#limit = Math.min(this.#options.most, this.#limit + 1);
  }

  refused({ statusCode, waitMs }: Refusal, signal: AbortSignal): void {
    const now = performance.now();
    this.#refusedSince ??= now;
    this.#statusCode = statusCode;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#pausedUntil = Math.max(this.#pausedUntil, now + waitMs);
    const hopeless = this.#hopeless();
    if (hopeless) for (const { fail } of this.#waiting.splice(0)) fail(hopeless);
    else if (!this.#isPaused) void this.#rest(signal);
  }

  async #rest(signal: AbortSignal): Promise<void> {
    this.#isPaused = true;
    for (let left = this.#left(); left > 0 && !signal.aborted && !this.#hopeless(); left = this.#left()) {
      await sleep(left, undefined, { signal }).catch(() => undefined);
    }
    this.#isPaused = false;
    this.#admit();
  }

  #left(): number {
    return this.#pausedUntil - performance.now();
  }

  /** The error of what would wait for longer than there is time. */
  #hopeless(): InputError | undefined {
    const left = this.#left();
    if (left <= 0 || this.#refusedSince === undefined) return undefined;
    const refusedFor = performance.now() - this.#refusedSince;
    const { patienceMs } = this.#options;
    if (refusedFor + left <= patienceMs) return undefined;
    const before = refusedFor < 1000 ? "" : ` after ${durationText(refusedFor)} of refusals`;
    const asked = `${this.#host} answered HTTP ${this.#statusCode} and asked to be left alone for ${durationText(left)}${before}`;
    const text = `${asked}, which is more than retryForMs allows (${durationText(patienceMs)})`;
    return new InputError(`ERR_HTTP_${this.#statusCode}`, text, { retryable: true });
  }

  #admit(): void {
    while (!this.#isPaused && this.#open < this.#limit && this.#waiting.length > 0) {
      this.#open += 1;
      this.#waiting.shift()?.enter();
    }
  }

  #wait(signal: AbortSignal, isAgain: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting = this.#waiting.filter((one) => one !== waiter);
        reject(signal.reason as Error);
      };
      const over = () => signal.removeEventListener("abort", abort);
      const waiter: Waiter = {
        isAgain,
        enter: () => {
          over();
          resolve();
        },
        fail: (error) => {
          over();
          reject(error);
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      const place = isAgain ? this.#waiting.findIndex((one) => !one.isAgain) : -1;
      this.#waiting.splice(place < 0 ? this.#waiting.length : place, 0, waiter);
    });
  }
}

/** The hosts of one list. They do not wait for each other. */
export class HostGates {
  readonly #gates = new Map<string, HostGate>();
  readonly #options: HostGateOptions;

  constructor(options: HostGateOptions) {
    this.#options = options;
  }

  of(host: string): HostGate {
    let gate = this.#gates.get(host);
    if (!gate) this.#gates.set(host, (gate = new HostGate(host, this.#options)));
    return gate;
  }

  /** Ends a request, and forgets a host with which all is well. */
  leave(host: string): void {
    const gate = this.#gates.get(host);
    gate?.leave();
    if (gate?.isIdle) this.#gates.delete(host);
  }
}
