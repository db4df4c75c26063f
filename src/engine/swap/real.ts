import { createRequire } from 'node:module';
import { withoutCached } from './cached-modules.js';
import { swapState } from './state.js';

/**
 * Loads the real package of that name, whatever is swapped: from the project at `root` (an absolute
 * folder), or else from Lockstep's own place.
 *
 * @throws Error with code MODULE_NOT_FOUND when neither has it.
 */
export function requireReal(name: string, root: string | undefined): unknown {
  const known = swapState.real.get(name);
  if (known !== undefined) return known;

  const own = createRequire(import.meta.url);
  const project = root === undefined ? own : createRequire(`${root}/lockstep.config.js`);
  const before = new Set(Object.keys(own.cache));

  swapState.bypass += 1;
  try {
    // By its path: Node remembers for each folder what a name meant there, and would hand the stand-in
    // to Lockstep, or the real driver to the app.
    const path = resolveFrom(project, name) ?? own.resolve(name);
    const real: unknown = withoutCached(() => own(path) as unknown);
    swapState.real.set(name, real);
    return real;
  } finally {
    swapState.bypass -= 1;
    // What Lockstep loads for itself is no sign that the app came too early.
    for (const path of Object.keys(own.cache)) if (!before.has(path)) swapState.ownModules.add(path);
  }
}

function resolveFrom(from: NodeJS.Require, name: string): string | undefined {
  try {
    return from.resolve(name);
  } catch {
    return undefined;
  }
}
