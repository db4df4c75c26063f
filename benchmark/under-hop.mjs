import { enterFrame, hop, installBridge } from '#src/bridge/index.js';

let bridge;

/** Runs a function where the runner would run a test, and resolves with what it returns. */
export function underHop(fn) {
  bridge ??= installBridge();
  bridge.running();

  const owner = { title: 'a benchmark', remaining: () => 60_000, park: () => {}, unpark: () => {} };
  return new Promise((resolve, reject) => {
    hop(() => {
      try {
        resolve(enterFrame(owner, fn));
      } catch (error) {
        reject(error);
      }
    });
  });
}
