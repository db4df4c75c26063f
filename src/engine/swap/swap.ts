import module, { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { SwapError } from '../../errors.js';
import { runnerWords } from '../../runner-words.js';
import { cacheDrivers } from './cached-modules.js';
import { swapCommonJs } from './commonjs.js';
import { type Replacement, swapState } from './state.js';
import { hookResolve, redirect } from './sync-hooks.js';
import { raiseFlag } from './thread-hooks.js';

/** A module to be replaced. */
export interface SwapRequest {
  /** What the app imports, e.g. `sqlite3`. */
  readonly name: string;
  /** `file:` URL of the ES module that stands in for it. */
  readonly url: string;
  /** What `require` of it returns. */
  readonly driver: unknown;
}

/**
 * Redirects `import` and `require` of modules for everybody but Lockstep itself, from now on and
 * until the returned function is called. Modules that got the stand-in before keep it.
 *
 * Node 22.15 and later have hooks for both kinds of modules in this thread; in Node 20 the hooks of
 * ES modules live in a thread of their own, and `require` is reached through its resolver and its cache.
 *
 * @param root folder from which the app's packages are resolved
 * @throws SwapError when the app has loaded the real module already.
 */
export function swap(requests: readonly SwapRequest[], root: string): () => void {
  for (const { name } of requests) refuseLoaded(name);

  for (const { name, url, driver } of requests) {
    const replacement: Replacement = { url, path: standIn(name) };
    swapState.drivers.set(name, driver);
    swapState.active.set(name, replacement);
  }
  const unhook = hook(requests, root);

  return () => {
    unhook();
    for (const { name } of requests) swapState.active.delete(name);
    // Node remembers what a name meant in a folder for as long as the module is loaded.
    for (const { name } of requests) Reflect.deleteProperty(createRequire(import.meta.url).cache, standIn(name));
  };
}

function hook(requests: readonly SwapRequest[], root: string): () => void {
  if (requests.length === 0) return () => undefined;
  if (hookResolve !== undefined) return hookResolve(redirect);

  const lower = raiseFlag(requests);
  const unpatch = swapCommonJs(module);
  const uncache = cacheDrivers(requests, root);
  return () => {
    lower();
    uncache();
    unpatch();
  };
}

/**
 * CommonJS gets a file of its own rather than the ES module: a loader that compiles ES modules to
 * CommonJS would hand out the namespace instead of the driver.
 */
function standIn(name: string): string {
  return fileURLToPath(new URL(`./stand-ins/${name}.cjs`, import.meta.url));
}

/** A file of the real package that somebody else than Lockstep has loaded. */
export function loadedByOthers(name: string): string | undefined {
  const { cache } = createRequire(import.meta.url);
  // Not its binary, which better-sqlite3 loads for Lockstep's own database only when that is opened.
  const folder = new RegExp(`[\\\\/]node_modules[\\\\/]${name}[\\\\/].*(?<!\\.node)$`);
  return Object.keys(cache).find((path) => folder.test(path) && !swapState.ownModules.has(path));
}

function refuseLoaded(name: string): void {
  const loaded = loadedByOthers(name);
  if (loaded === undefined) return;

  const { first, early } = runnerWords();
  throw new SwapError({
    what: `${name} cannot be replaced: ${loaded} was loaded before Lockstep started.`,
    why: 'Whoever loaded it keeps the real driver, so its queries would not be rolled back.',
    remedy:
      `Make ${first}. ${early}, and the config imports it inside a function. ` +
      `Or hand lockstep/drivers/${name} to your ORM in the test's configuration, and leave "swap" empty.`,
  });
}
