/** Values that users' functions return now or later. */

/** Whether a value is a promise of any library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true;
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  return typeof (value as { then?: unknown }).then === "function";
}

/** Passes a value on when it is there: at once, or if it is a promise, later. */
export function whenThere<T, R>(value: T | PromiseLike<T>, next: (value: T) => R): R | Promise<Awaited<R>> {
  return isThenable(value) ? (Promise.resolve(value as PromiseLike<T>).then(next) as Promise<Awaited<R>>) : next(value);
}
