import { register } from 'node:module';
import { swapState } from './state.js';

/** What the loader thread of Node 20 is told once. */
export interface ThreadTable {
  /** One number per name, in the order of `names`: 1 while it is swapped. */
  readonly flags: Int32Array;
  readonly names: readonly string[];
  readonly urls: readonly string[];
  readonly commonJs: readonly string[];
}

/** The modules that have a stand-in, in the order of the thread's flags. */
const NAMES = ['better-sqlite3', 'sqlite3'] as const;

/**
 * Redirects `import` on Node 20. A loader cannot be taken away again, so it is registered once and
 * looks at a flag in shared memory.
 */
export function raiseFlag(requests: readonly { readonly name: string }[]): () => void {
  const flags = (swapState.flags ??= startThread());
  const indexes = requests.map(({ name }) => (NAMES as readonly string[]).indexOf(name)).filter((index) => index >= 0);

  for (const index of indexes) Atomics.store(flags, index, 1);
  return () => {
    for (const index of indexes) Atomics.store(flags, index, 0);
  };
}

function startThread(): Int32Array {
  const flags = new Int32Array(new SharedArrayBuffer(NAMES.length * Int32Array.BYTES_PER_ELEMENT));
  const data: ThreadTable = {
    flags,
    names: NAMES,
    urls: NAMES.map((name) => new URL(`../sqlite/drivers/${name}.js`, import.meta.url).href),
    commonJs: NAMES.map((name) => new URL(`./stand-ins/${name}.cjs`, import.meta.url).href),
  };

  register('./loader.js', { parentURL: import.meta.url, data });
  return flags;
}
