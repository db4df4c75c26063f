/**
 * What messages of all rooms say in the words of the test runner that is at work: how Lockstep is put in front
 * of it, in which file, and what its hooks are called. An adapter hands its own down before anything else.
 */

import { words as mocha } from './runner/mocha/words.js';
import type { RunnerWords } from './runner/words.js';

export type { RunnerWords };

interface Slot {
  words: RunnerWords;
}

const KEY = Symbol.for('lockstep.runner-words');

/**
 * One per thread even when the package is loaded twice (see bridge/state.ts). Where no runner is at work, nobody
 * knows which one the user has; the advice is that for the one which there is an entry for.
 */
const slot: Slot = ((globalThis as { [KEY]?: Slot })[KEY] ??= { words: mocha });

/** To be called by an adapter, and in threads that Lockstep starts. */
export function speakFor(words: RunnerWords): void {
  slot.words = words;
}

export function runnerWords(): RunnerWords {
  return slot.words;
}

/** Whether a line of a stack is code of the runner. */
export function isRunnersFrame(line: string): boolean {
  const path = line.replaceAll('\\', '/');
  return slot.words.packages.some((name) => path.includes(`/node_modules/${name}/`));
}
