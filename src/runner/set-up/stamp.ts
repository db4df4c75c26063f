import { statSync } from 'node:fs';
import type { ResolvedDatabase } from '../../config/index.js';

/** Tells whether files of the schema and the seed have changed since: a text to compare. */
export function stampOf(databases: readonly ResolvedDatabase[]): string {
  const steps = databases.flatMap(({ schema = [], seed = [] }) => [...schema, ...seed]);
  return steps.map((step) => (step.kind === 'file' ? stampOfFile(step.path) : '')).join('\n');
}

function stampOfFile(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.mtimeMs} ${found.size} ${found.ino}`;
}
