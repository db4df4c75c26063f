import { importLike, importModule } from '../../config/index.js';
import type { RunnerAdapter } from '../adapter.js';
import { usesIdentities } from './identities.js';
import { goesOutside } from './outside.js';
import { printerOf } from './printer.js';
import { run } from './process.js';
import { words } from './words.js';

/** mocha, to the core. */
export const adapter: RunnerAdapter = {
  words,
  run,
  // mocha imports its files, or requires them, by Node's own graph of modules.
  imports: { config: importModule, app: importLike },
  // Its tests run where it does.
  realms: [],
  rules: {
    get identities() {
      return usesIdentities();
    },
    get outside() {
      return goesOutside();
    },
  },
  printer: printerOf(),
  isTimeout: (error) => (error as NodeJS.ErrnoException | undefined)?.code === 'ERR_MOCHA_TIMEOUT',
};
