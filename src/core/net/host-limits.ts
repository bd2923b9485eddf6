/** Limits for each host: the number of open requests, and the pause that the host asked for. */

import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../errors.js";
import { durationText } from "../util/format/format.js";
import { onAbort } from "../util/on-abort.js";

export interface HostGateOptions {
  /** Maximum number of open requests of one host. */
  maxOpen: number;
  /** Longest time for which a host may refuse all requests, including the wait that it asks for, in milliseconds. */
  patienceMs: number;
}

interface Waiter {
  enter: () => void;
  fail: (error: Error) => void;
  /** Whether the host refused the request before. It then starts before requests that were never sent. */
  isAgain: boolean;
}

/** A refusal of a host, and the wait that follows from it. */
export interface Refusal {
  statusCode: number;
  waitMs: number;
}

/** The limit of one host. After a refusal, requests wait until the pause is over, and resume a few at a time. */
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
    this.#limit = options.maxOpen;
  }

  /** Whether a request would have to wait. */
  get isWaiting(): boolean {
    return this.#isPaused || this.#open >= this.#limit || this.#waiting.length > 0;
  }

  get isIdle(): boolean {
    return this.#open === 0 && !this.isWaiting && this.#refusedSince === undefined;
  }

  /** Waits for a free slot. @throws {InputError} ERR_HTTP_429 or another status, at once, if the host asks for a wait longer than the time left */
  async enter(signal: AbortSignal, isAgain: boolean): Promise<void> {
    signal.throwIfAborted();
    const hopeless = this.#hopeless();
    if (hopeless) throw hopeless;
    if (this.isWaiting) await this.#wait(signal, isAgain);
    else this.#open += 1;
  }

  leave(): void {
    this.#open -= 1;
    this.#startNext();
  }

  succeeded(): void {
    this.#refusedSince = undefined;
    this.#limit = Math.min(this.#options.maxOpen, this.#limit + 1);
  }

  refused({ statusCode, waitMs }: Refusal, signal: AbortSignal): void {
    const now = performance.now();
    this.#refusedSince ??= now;
    this.#statusCode = statusCode;
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#pausedUntil = Math.max(this.#pausedUntil, now + waitMs);
    const hopeless = this.#hopeless();
    if (hopeless) for (const { fail } of this.#waiting.splice(0)) fail(hopeless);
    else if (!this.#isPaused) void this.#pause(signal);
  }

  async #pause(signal: AbortSignal): Promise<void> {
    this.#isPaused = true;
    for (let left = this.#left(); left > 0 && !signal.aborted && !this.#hopeless(); left = this.#left()) {
      await sleep(left, undefined, { signal }).catch(() => undefined);
    }
    this.#isPaused = false;
    this.#startNext();
  }

  #left(): number {
    return this.#pausedUntil - performance.now();
  }

  /** Returns the error of requests whose wait would be longer than the time left. */
  #hopeless(): InputError | undefined {
    const left = this.#left();
    if (left <= 0 || this.#refusedSince === undefined) return undefined;
    const refusedFor = performance.now() - this.#refusedSince;
    const { patienceMs } = this.#options;
    if (refusedFor + left <= patienceMs) return undefined;
    const before = refusedFor < 1000 ? "" : ` after ${durationText(refusedFor)} of refusals`;
    const asked = `${this.#host} answered HTTP ${this.#statusCode} and asked to wait for ${durationText(left)}${before}`;
    const text = `${asked}, which is more than retryForMs allows (${durationText(patienceMs)})`;
    return new InputError(`ERR_HTTP_${this.#statusCode}`, text, { retryable: true });
  }

  #startNext(): void {
    while (!this.#isPaused && this.#open < this.#limit && this.#waiting.length > 0) {
      this.#open += 1;
      this.#waiting.shift()?.enter();
    }
  }

  #wait(signal: AbortSignal, isAgain: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(signal.reason as Error);
      };
      const unlink = onAbort(signal, abort);
      const waiter: Waiter = {
        isAgain,
        enter: () => {
          unlink();
          resolve();
        },
        fail: (error) => {
          unlink();
          reject(error);
        },
      };
      const index = isAgain ? this.#waiting.findIndex((other) => !other.isAgain) : -1;
      this.#waiting.splice(index < 0 ? this.#waiting.length : index, 0, waiter);
    });
  }
}

/** The hosts of one list; they do not wait for each other. */
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

  /** Ends a request, and forgets a host without open, waiting or refused requests. */
  leave(host: string): void {
    const gate = this.#gates.get(host);
    gate?.leave();
    if (gate?.isIdle) this.#gates.delete(host);
  }
}
