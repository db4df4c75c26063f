import { createRequire } from 'node:module';
import { extname } from 'node:path';
import type { RunnerAdapter } from '../adapter.js';
import { TestRun } from '../test-run.js';
import { adapter } from './adapter.js';
import { hasMocha } from './loading.js';
import { loadsNothingMore } from './process.js';

/** The config cannot be loaded yet. */
class TooEarly extends Error {}

const isTypeScript = /\.[cm]?ts$/;

/**
 * Prepares the run before all that mocha is to require has been loaded, and opens the database where something
 * may use it: what fails there is told by the first hook.
 *
 * @returns of undefined where the config needs a loader that mocha has yet to require; undefined where mocha is not what
 * loads this package
 * @throws as `TestRun.prepare`
 */
export function prepareAhead(): Promise<TestRun | undefined> | undefined {
  if (!hasMocha()) return undefined;

  return prepare().catch((error: unknown) => {
    if (error instanceof TooEarly) return undefined;
    throw error;
  });
}

async function prepare(): Promise<TestRun> {
  const run = await TestRun.prepare(early);
  if (!loadsNothingMore()) await run.lifecycle.start().catch(() => undefined);
  return run;
}

const early: RunnerAdapter = {
  ...adapter,
  imports: {
    ...adapter.imports,
    config: (path) => {
      // An import that has failed once fails for good.
      if (isTypeScript.test(path) && !hasLoader(path)) throw new TooEarly();
      return adapter.imports.config(path);
    },
  },
};

/** Whether something in this process compiles such files. Loaders register here for `require` at least. */
function hasLoader(path: string): boolean {
  return extname(path) in createRequire(path).extensions;
}
