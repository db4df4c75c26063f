import { NPlusOneError } from '../errors.js';
import { repeatLine } from './lines.js';
import type { QueryLog } from './log.js';

/** What a test fails with whose client calls sent statements that look like N+1; undefined when there were none. */
export function nPlusOneError(log: QueryLog): NPlusOneError | undefined {
  const [first, ...others] = log.repeats(log.all().entries).map(repeatLine);
  if (first === undefined) return undefined;

  return new NPlusOneError({
    what: [first, ...others].join('\n  '),
    why: `One call may send the same statement ${log.rules.repeats} times (queries.repeats in the config).`,
    remedy: 'Fetch the rows of all by one statement (a join, IN, = ANY), or raise queries.repeats.',
  });
}
