/** Where deadlines and back-off come from: the machine, or in tests a hand. */
export interface Timers {
  /** Calls back once after so many milliseconds, unless the function that it returns is called first. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemTimers: Timers = {
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
};
