/** What the swap must know once per process, even if the package is loaded twice. */
export interface SwapState {
  /** Above 0 while Lockstep itself loads a real driver: nothing is redirected then. */
  bypass: number;
  /** What is redirected now: the module's name to the files that stand in for it. */
  readonly active: Map<string, Replacement>;
  /** Real packages that Lockstep has loaded, by name. */
  readonly real: Map<string, unknown>;
  /** Files of those packages. */
  readonly ownModules: Set<string>;
  /** Modules in the cache of CommonJS that hold a driver at the place of the real package, by path. */
  readonly cached: Map<string, NodeJS.Module>;
  /** The drivers themselves, for the CommonJS stand-ins: what `require` is to return. */
  readonly drivers: Map<string, unknown>;
  /** One flag per name for Node 20's loader thread, which shares no objects with this one. */
  flags: Int32Array | undefined;
}

/** The files that stand in for a module. */
export interface Replacement {
  /** `file:` URL of an ES module, for `import`. */
  readonly url: string;
  /** Path of a CommonJS module, for `require`. */
  readonly path: string;
}

const KEY = Symbol.for('lockstep.swap');

// A TypeScript loader may turn ES modules into CommonJS for some callers, and so load a second copy.
const shared = globalThis as { [KEY]?: SwapState };

export const swapState: SwapState = (shared[KEY] ??= {
  bypass: 0,
  active: new Map(),
  real: new Map(),
  ownModules: new Set(),
  cached: new Map(),
  drivers: new Map(),
  flags: undefined,
});
