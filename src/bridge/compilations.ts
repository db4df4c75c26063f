import { replaceProperty } from './replace.js';

/** WebAssembly's own, by the names under which it compiles in V8's threads, of which libuv knows nothing. */
const COMPILING = ['compile', 'compileStreaming', 'instantiate', 'instantiateStreaming'] as const;

let pending = 0;

/** Compilations of WebAssembly in progress. */
export function compilations(): number {
  return pending;
}

/** Counts them from now on. Returns what ends it. */
export function trackCompilations(): () => void {
  // There is none where V8 may not compile (`node --jitless`).
  const { WebAssembly: owner = {} } = globalThis as { readonly WebAssembly?: Record<string, Compile> };
  const uninstall = COMPILING.flatMap((name) => {
    const original = owner[name];
    return original === undefined ? [] : replaceProperty(owner, name, counted(original));
  });

  return () => {
    for (const step of uninstall) step();
  };
}

type Compile = (...args: unknown[]) => Promise<unknown>;

function counted(original: Compile): Compile {
  return function (this: unknown, ...args) {
    const compiling = Reflect.apply(original, this, args);

    pending += 1;
    // The caller gets what follows, so that a failure which nobody handles stays one.
    return compiling.then(
      (result) => {
        pending -= 1;
        return result;
      },
      (error: unknown) => {
        pending -= 1;
        throw error;
      },
    );
  };
}
