/**
 * The savepoint under each top-level transaction of a client: a failed one undoes only itself.
 *
 * It is set with the next transaction's first message, never in a round trip of its own.
 */
export const GUARD = 'lockstep_guard';

/**
 * `none`: there is none. `armed`: it is set, and nothing has happened since. `dirty`: work that is
 * to stay lies above it. `failed`: work that is to go lies above it.
 */
export type GuardState = 'none' | 'armed' | 'dirty' | 'failed';

/** The statements that arm the guard. */
export function arming(state: GuardState): string {
  switch (state) {
    case 'none':
      return `SAVEPOINT ${GUARD}`;
    case 'armed':
      return '';
    case 'dirty':
      return `RELEASE SAVEPOINT ${GUARD};SAVEPOINT ${GUARD}`;
    case 'failed':
      return `ROLLBACK TO SAVEPOINT ${GUARD}`;
  }
}

/** The statements that take the guard away, so that something can be put under the next one. */
export function disarming(state: GuardState): string {
  switch (state) {
    case 'none':
      return '';
    case 'armed':
    case 'dirty':
      return `RELEASE SAVEPOINT ${GUARD};`;
    case 'failed':
      return `ROLLBACK TO SAVEPOINT ${GUARD};RELEASE SAVEPOINT ${GUARD};`;
  }
}
