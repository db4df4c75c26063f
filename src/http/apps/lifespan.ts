import { AppError } from '../../errors.js';
import { describe } from '../request/describe.js';

/** What an app does once before its first request and once after its last. */
export interface Lifespan {
  start?(): unknown;
  stop?(): unknown;
}

/**
 * The lifespan that an app comes with: `{ app, lifespan: { start, stop } }`, or a module's export of
 * that name. Undefined for none.
 *
 * @throws AppError when it is something else.
 */
export function lifespanOf(source: Readonly<Record<string, unknown>>): Lifespan | undefined {
  const { lifespan } = source;
  if (lifespan === undefined) return undefined;

  if (typeof lifespan === 'object' && lifespan !== null) {
    const { start, stop } = lifespan as Record<string, unknown>;
    const given = [start, stop].filter((step) => step !== undefined);
    if (given.length > 0 && given.every((step) => typeof step === 'function')) return lifespan;
  }
  throw new AppError({
    what: `The app's lifespan is ${describe(lifespan)}.`,
    remedy: 'Give an object with one or both of the functions start and stop: { app, lifespan: { start, stop } }.',
  });
}
