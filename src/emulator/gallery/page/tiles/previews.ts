/** Pictures that the browser makes of media itself: a few at a time, those first that were asked for last, and kept while there is room. */

import { useEffect, useState } from "preact/hooks";

/** Browsers open six connections to a store: this leaves the most of them to lists and pictures. */
const maxAtOnce = 2;
const maxKept = 500;
/** None is begun while somebody scrolls: media take the browser longer than a frame. What takes very long is not worth it; in milliseconds. */
const restMs = 150;
const patienceMs = 10_000;

interface Wish<T> {
  url: string;
  signal: AbortSignal;
  done: (picture: T | undefined) => void;
}

export class Previews<T> {
  readonly #make: (url: string, signal: AbortSignal) => Promise<T>;
  readonly #letGo: (picture: T) => void;
  /** Undefined is what nothing can be made of. */
  readonly #kept = new Map<string, T | undefined>();
  readonly #waiting: Wish<T>[] = [];
  #running = 0;
  #resting: ReturnType<typeof setTimeout> | undefined;

  /** `letGo` frees what a picture holds. */
  constructor(make: (url: string, signal: AbortSignal) => Promise<T>, letGo: (picture: T) => void = () => {}) {
    this.#make = make;
    this.#letGo = letGo;
    addEventListener("scroll", () => this.#rest(), { capture: true, passive: true });
  }

  kept(url: string): T | undefined {
    return this.#kept.get(url);
  }

  /** Calls `done` when there is a picture of a medium, or cannot be one; gives back what calls it off. */
  want(url: string, done: (picture: T | undefined) => void): () => void {
    const off = new AbortController();
    this.#waiting.push({ url, signal: off.signal, done });
    this.#rest();
    return () => off.abort();
  }

  #rest(): void {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      this.#resting = undefined;
      this.#next();
    }, restMs);
  }

  #next(): void {
    while (this.#resting === undefined && this.#running < maxAtOnce) {
      const wish = this.#waiting.pop();
      if (!wish) return;
      if (!wish.signal.aborted) void this.#fulfil(wish);
    }
  }

  async #fulfil({ url, signal, done }: Wish<T>): Promise<void> {
    this.#running += 1;
    if (!this.#kept.has(url)) {
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), patienceMs);
      signal.addEventListener("abort", () => stop.abort());
      const made = await this.#make(url, stop.signal).catch(() => undefined);
      clearTimeout(timer);
      if (made !== undefined || !signal.aborted) this.#keep(url, made);
    }
    this.#running -= 1;
    if (!signal.aborted) done(this.#kept.get(url));
    this.#next();
  }

  #keep(url: string, made: T | undefined): void {
    this.#kept.set(url, made);
    for (const [oldest, picture] of this.#kept) {
      if (this.#kept.size <= maxKept) return;
      this.#kept.delete(oldest);
      if (picture !== undefined) this.#letGo(picture);
    }
  }
}

/** The picture of a medium for as long as somebody looks; undefined until there is one. */
export function usePreview<T>(previews: Previews<T>, url: string): T | undefined {
  const [made, setMade] = useState<{ url: string; picture: T | undefined }>();
  const kept = previews.kept(url);
  useEffect(() => {
    if (kept !== undefined) return undefined;
    return previews.want(url, (picture) => setMade({ url, picture }));
  }, [url]);
  return kept ?? (made?.url === url ? made.picture : undefined);
}
