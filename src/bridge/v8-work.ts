import { replaceProperty } from './replace.js';

type Start = (...args: unknown[]) => unknown;

/** WebAssembly's own, by the names under which it compiles in V8's threads. */
const COMPILING = ['compile', 'compileStreaming', 'instantiate', 'instantiateStreaming'] as const;

const counts = { compilations: 0, timedWaits: 0, openWaits: 0 };

/** What V8 does beside the event loop, which knows nothing of it, and what will end by itself; in words. */
export function endingV8Work(): string[] {
  return [
    ...(counts.compilations > 0 ? ['compilation of WebAssembly'] : []),
    ...(counts.timedWaits > 0 ? ['Atomics.waitAsync with a timeout'] : []),
  ];
}

/** Whether some `Atomics.waitAsync` waits for another thread, without a timeout. */
export function waitsForThread(): boolean {
  return counts.openWaits > 0;
}

/** Counts all of that from now on. Returns what ends it. */
export function trackV8Work(): () => void {
  // There is no WebAssembly where V8 may not compile (`node --jitless`), and no waitAsync in old V8.
  const { WebAssembly: wasm = {} } = globalThis as { readonly WebAssembly?: Record<string, Start> };
  const atomics = Atomics as unknown as Record<string, Start>;
  const uninstall = [
    ...COMPILING.map((name) => wrap(wasm, name, countedCompilation)),
    wrap(atomics, 'waitAsync', countedWait),
  ];

  return () => {
    for (const step of uninstall) step();
  };
}

function wrap(owner: Record<string, Start>, name: string, counted: (original: Start) => Start): () => void {
  const original = owner[name];
  return original === undefined ? () => undefined : replaceProperty(owner, name, counted(original));
}

function countedCompilation(original: Start): Start {
  return function (this: unknown, ...args) {
    const compiling = Reflect.apply(original, this, args) as Promise<unknown>;

    counts.compilations += 1;
    // The caller gets what follows, so that a failure which nobody handles stays one.
    return compiling.finally(() => {
      counts.compilations -= 1;
    });
  };
}

function countedWait(original: Start): Start {
  return function (this: unknown, ...args) {
    const started = Reflect.apply(original, this, args) as { readonly async: boolean; readonly value: unknown };
    if (!started.async) return started;

    const [, , , timeout = Infinity] = args;
    const kind = Number(timeout) < Infinity ? 'timedWaits' : 'openWaits';
    counts[kind] += 1;
    // It is never rejected.
    void (started.value as Promise<unknown>).then(() => {
      counts[kind] -= 1;
    });
    return started;
  };
}
