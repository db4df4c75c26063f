// A machine that is shared is noisy: everything is measured in turns with its peer, and the medians
// are compared.

/** The middle value. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Microseconds per call of a synchronous function. */
export function timeSync(fn, times) {
  const start = performance.now();
  for (let i = 0; i < times; i++) fn(i);
  return ((performance.now() - start) / times) * 1000;
}

/** Microseconds per call of an async function, one after the other. */
export async function timeAsync(fn, times) {
  const start = performance.now();
  for (let i = 0; i < times; i++) await fn(i);
  return ((performance.now() - start) / times) * 1000;
}

/**
 * Measures several contenders in turns, after rounds that do not count.
 *
 * @param contenders functions that return (a promise of) one figure each
 * @param warmUp how many rounds do not count
 * @returns the median of each, in the same order
 */
export async function inTurns(contenders, rounds = 9, warmUp = 1) {
  const figures = contenders.map(() => []);

  for (let round = -warmUp; round < rounds; round++) {
    for (const [index, contender] of contenders.entries()) {
      const figure = await contender();
      if (round >= 0) figures[index].push(figure);
    }
  }
  return figures.map(median);
}

/** Prints one line: what, ours, the peer's, the ratio, and what it has to be. */
export function report(what, ours, peer, peerName, unit, limit) {
  const ratio = ours / peer;
  const figures = `${ours.toFixed(1)} ${unit} : ${peer.toFixed(1)} ${unit} (${peerName})`;

  console.log(`${what.padEnd(46)} ${ratio.toFixed(2).padStart(6)}x   ${figures}${limit ? `   wanted ${limit}` : ''}`);
  return ratio;
}
