// The files of src/ that dist/ has under the same name; everything else goes into chunks that they share.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './steps.mjs';

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Names without endings, relative to src/ and dist/, of what users import: the `exports` of package.json. */
export const publicEntries = Object.values(exports).flatMap((entry) =>
  typeof entry === 'string' ? [] : [entry.import.default.replace(/^\.\/dist\/|\.js$/g, '')],
);

/** The same of what is started or loaded by its URL: the main files of threads, processes and loaders. */
export const entriesByUrl = [
  'engine/postgres/relay/hosts/worker/worker',
  'engine/postgres/server/embedded/keeper',
  'engine/postgres/server/index',
  'engine/swap/loader',
];
