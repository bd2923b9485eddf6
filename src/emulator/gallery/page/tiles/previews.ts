/** Previews that the browser makes of media: at most two at a time, the latest request first, with a cache. */

import { useEffect, useState } from "preact/hooks";

/** Browsers open six connections to a server. Most of them stay free for lists and pictures. */
const maxAtOnce = 2;
const maxCached = 500;
/** No preview starts until scrolling has stopped for this time, because decoding takes longer than a frame. In milliseconds. */
const restMs = 150;
/** A preview that takes longer is given up, in milliseconds. */
const timeoutMs = 10_000;

interface PreviewRequest<T> {
  url: string;
  signal: AbortSignal;
  onDone: (preview: T | undefined) => void;
}

export class Previews<T> {
  readonly #make: (url: string, signal: AbortSignal) => Promise<T>;
  readonly #release: (preview: T) => void;
  /** Previews by URL. Undefined: no preview can be made. */
  readonly #cache = new Map<string, T | undefined>();
  readonly #waiting: PreviewRequest<T>[] = [];
  #running = 0;
  #restTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param release frees the memory of a preview */
  constructor(make: (url: string, signal: AbortSignal) => Promise<T>, release: (preview: T) => void = () => {}) {
    this.#make = make;
    this.#release = release;
    addEventListener("scroll", () => this.#startAfterRest(), { capture: true, passive: true });
  }

  cached(url: string): T | undefined {
    return this.#cache.get(url);
  }

  /** Calls `onDone` with the preview, or with undefined if none can be made. Returns a function that cancels the request. */
  request(url: string, onDone: (preview: T | undefined) => void): () => void {
    const cancel = new AbortController();
    this.#waiting.push({ url, signal: cancel.signal, onDone });
    this.#startAfterRest();
    return () => cancel.abort();
  }

  #startAfterRest(): void {
    clearTimeout(this.#restTimer);
    this.#restTimer = setTimeout(() => {
      this.#restTimer = undefined;
      this.#startNext();
    }, restMs);
  }

  #startNext(): void {
    while (this.#restTimer === undefined && this.#running < maxAtOnce) {
      const request = this.#waiting.pop();
      if (!request) return;
      if (!request.signal.aborted) void this.#run(request);
    }
  }

  async #run({ url, signal, onDone }: PreviewRequest<T>): Promise<void> {
    this.#running += 1;
    if (!this.#cache.has(url)) {
      const stop = new AbortController();
      const timer = setTimeout(() => stop.abort(), timeoutMs);
      signal.addEventListener("abort", () => stop.abort());
      const preview = await this.#make(url, stop.signal).catch(() => undefined);
      clearTimeout(timer);
      if (preview !== undefined || !signal.aborted) this.#add(url, preview);
    }
    this.#running -= 1;
    if (!signal.aborted) onDone(this.#cache.get(url));
    this.#startNext();
  }

  #add(url: string, preview: T | undefined): void {
    this.#cache.set(url, preview);
    for (const [oldest, cached] of this.#cache) {
      if (this.#cache.size <= maxCached) return;
      this.#cache.delete(oldest);
      if (cached !== undefined) this.#release(cached);
    }
  }
}

/** Returns the preview of a medium while a component is mounted. Undefined until it is made. */
export function usePreview<T>(previews: Previews<T>, url: string): T | undefined {
  const [made, setMade] = useState<{ url: string; preview: T | undefined }>();
  const cached = previews.cached(url);
  useEffect(() => {
    if (cached !== undefined) return undefined;
    return previews.request(url, (preview) => setMade({ url, preview }));
  }, [url]);
  return cached ?? (made?.url === url ? made.preview : undefined);
}
