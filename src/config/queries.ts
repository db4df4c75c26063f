import type { NPlusOne } from './config.js';
import type { ResolvedQueries } from './resolved.js';
import { Section } from './section.js';

/** The keys of `queries`. */
export const QUERIES_KEYS: readonly string[] = ['report', 'repeats', 'nPlusOne'];

const REPORTS: readonly (boolean | 'full')[] = [true, false, 'full'];

const N_PLUS_ONE: readonly NPlusOne[] = ['hint', 'error', 'off'];

/** Reads `queries`: what becomes of the log of statements. */
export function readQueries(value: unknown, source: string): ResolvedQueries {
  const section = new Section(value, 'queries', source, QUERIES_KEYS);

  return Object.freeze({
    report: section.choice('report', REPORTS) ?? true,
    repeats: readRepeats(section),
    nPlusOne: section.choice('nPlusOne', N_PLUS_ONE) ?? 'hint',
  });
}

function readRepeats(section: Section): number {
  const value = section.raw('repeats') ?? 5;
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;

  throw section.refuse('repeats', 'a whole number above 0', {
    ...(value === false && { remedy: "To switch it off, write nPlusOne: 'off'." }),
  });
}
