/** Time, as the relay needs it. Tests bring their own. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Calls back after `delay` milliseconds; returns what prevents it. */
  after(delay: number, callback: () => void): () => void;
}

export const realClock: Clock = {
  now: () => performance.now(),
  after: (delay, callback) => {
    const timer = setTimeout(callback, delay);
    return () => clearTimeout(timer);
  },
};
