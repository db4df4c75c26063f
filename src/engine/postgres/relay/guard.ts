import { bind, execute, parse } from '../wire/frontend.js';
import { TIME_MOVES, TIME_STANDS } from './overrides.js';

/**
 * The savepoint under each top-level transaction of a client: a failed one undoes only itself.
 *
 * It is set with the next transaction's first message, never in a round trip of its own, by
 * statements that the server has prepared: a query would be read anew each time, and answered with
 * a packet of its own.
 */
export const GUARD = 'lockstep_guard';

/** What lets everything above the guard only read, until it is released. */
export const READ_ONLY = 'SET TRANSACTION READ ONLY';

/**
 * `none`: there is none. `armed`: it is set, and nothing has happened since that would have to be
 * kept or undone. `dirty`: work that is to stay lies above it. `failed`: work that is to go lies
 * above it.
 */
export type GuardState = 'none' | 'armed' | 'dirty' | 'failed';

/** What is done to the guard, or to what runs above it. */
export type GuardStep = 'set' | 'release' | 'rollBack' | 'restrict' | 'timeStands' | 'timeMoves';

const SQL: Readonly<Record<GuardStep, string>> = {
  set: `SAVEPOINT ${GUARD}`,
  release: `RELEASE SAVEPOINT ${GUARD}`,
  rollBack: `ROLLBACK TO SAVEPOINT ${GUARD}`,
  restrict: READ_ONLY,
  timeStands: TIME_STANDS,
  timeMoves: TIME_MOVES,
};

const ARMING: Readonly<Record<GuardState, readonly GuardStep[]>> = {
  none: ['set'],
  armed: [],
  dirty: ['release', 'set'],
  failed: ['rollBack'],
};

const DISARMING: Readonly<Record<GuardState, readonly GuardStep[]>> = {
  none: [],
  armed: ['release'],
  dirty: ['release'],
  failed: ['rollBack', 'release'],
};

/** The steps that arm the guard. */
export function arming(state: GuardState): readonly GuardStep[] {
  return ARMING[state];
}

/** The steps that take the guard away, so that something can be put under the next one. */
export function disarming(state: GuardState): readonly GuardStep[] {
  return DISARMING[state];
}

/** The steps as SQL, each with a semicolon behind it. */
export function guardSql(steps: readonly GuardStep[]): string {
  return steps.map((step) => `${SQL[step]};`).join('');
}

const NO_TYPES = Buffer.alloc(2);
const NO_VALUES = Buffer.alloc(6);

/** The messages that prepare the steps on a connection. */
export const GUARD_PARSES: readonly Buffer[] = (Object.keys(SQL) as GuardStep[]).map((step) =>
  parse(`${GUARD}_${step}`, SQL[step], NO_TYPES),
);

/** The messages that carry a step out, once it is prepared. */
export const GUARD_MESSAGES: Readonly<Record<GuardStep, Buffer>> = {
  set: messages('set'),
  release: messages('release'),
  rollBack: messages('rollBack'),
  restrict: messages('restrict'),
  timeStands: messages('timeStands'),
  timeMoves: messages('timeMoves'),
};

function messages(step: GuardStep): Buffer {
  return Buffer.concat([bind('', `${GUARD}_${step}`, NO_VALUES), execute('')]);
}
