/** Runs something once, later. Injected, so that no test waits. Returns the canceller. */
export type Later = (ms: number, run: () => void) => () => void;

export interface DispatchTiming {
  readonly later: Later;
  /** After a signer failed or was not ready, ask again in this long, ms; it is asked sooner if it says that it changed. */
  readonly retryAfter: number;
}
