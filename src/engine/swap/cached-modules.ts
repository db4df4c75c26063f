import Module, { createRequire } from 'node:module';
import { swapState } from './state.js';

/**
 * Puts drivers into the cache of CommonJS, at the places of the real packages. It is there that an
 * ES module finds what it imports when it was loaded by `require`, as a runner may load test files: before
 * Node 22.15 no hook is asked on that way.
 *
 * @param root folder from which the app's packages are resolved
 * @returns what takes them away
 */
export function cacheDrivers(
  requests: readonly { readonly name: string; readonly driver: unknown }[],
  root: string,
): () => void {
  const { cache } = createRequire(import.meta.url);
  const places = requests.flatMap(({ name, driver }) => {
    const path = realPath(name, root);
    // Several databases of one driver share what the first has put there, and is the last to take away.
    return path === undefined || swapState.cached.has(path)
      ? []
      : [{ path, former: cache[path], module: loaded(path, driver) }];
  });

  for (const { path, module } of places) {
    cache[path] = module;
    swapState.cached.set(path, module);
    // It is no sign that the app came too early.
    swapState.ownModules.add(path);
  }
  return () => {
    for (const { path, former, module } of places) {
      swapState.cached.delete(path);
      if (cache[path] !== module) continue;
      if (former === undefined) Reflect.deleteProperty(cache, path);
      else cache[path] = former;
    }
  };
}

/** Gives `work` the real packages, and puts the drivers back. */
export function withoutCached<T>(work: () => T): T {
  const { cache } = createRequire(import.meta.url);
  const held = [...swapState.cached].filter(([path, module]) => cache[path] === module);

  for (const [path] of held) Reflect.deleteProperty(cache, path);
  try {
    return work();
  } finally {
    for (const [path, module] of held) cache[path] = module;
  }
}

function realPath(name: string, root: string): string | undefined {
  swapState.bypass += 1;
  try {
    return createRequire(`${root}/lockstep.config.js`).resolve(name);
  } catch {
    // The app does not have it.
    return undefined;
  } finally {
    swapState.bypass -= 1;
  }
}

function loaded(path: string, exports: unknown): NodeJS.Module {
  const module = new Module(path);

  module.filename = path;
  module.exports = exports;
  module.loaded = true;
  return module;
}
