import type { Dialect } from '../sql/dialect.js';
import type { Effect } from '../sql/effect.js';
import { answer, findMark, FORWARD, type Plan, type Steps, type TransactionState } from './transaction-plan.js';

/** What a database does with a statement of a connection that stands at `state`. */
type Rules = (steps: Steps, state: TransactionState, effect: Effect) => Plan;

/** The rules of each database, as its manual and its source have them. */
export const transactionRules: Readonly<Record<Dialect, Rules>> = {
  sqlite: planSqlite,
  postgres: planPostgres,
  mysql: planMySql,
};

/** SQLite: src/vdbe.c, OP_AutoCommit and OP_Savepoint. */
function planSqlite(steps: Steps, state: TransactionState, effect: Effect): Plan {
  const idle = state.phase === 'idle';
  const reject = (message: string): Plan => ({ kind: 'reject', message, code: 'SQLITE_ERROR', next: state });

  switch (effect.kind) {
    case 'begin':
      return idle ? steps.begin('BEGIN') : reject('cannot start a transaction within a transaction');
    case 'commit':
      return idle ? reject('cannot commit - no transaction is active') : steps.commit(state, 'COMMIT', false);
    case 'rollback':
      return idle ? reject('cannot rollback - no transaction is active') : steps.rollback(state, 'ROLLBACK', false);
    case 'savepoint':
      return idle ? steps.beginRooted(effect.name) : steps.savepoint(state, effect.name);
    case 'release': {
      const index = findMark(state, effect.name);
      if (index < 0) return reject(`no such savepoint: ${effect.written}`);
      return index === 0 && state.rooted ? steps.commit(state, 'RELEASE', false) : steps.release(state, index);
    }
    case 'rollbackTo': {
      const index = findMark(state, effect.name);
      return index < 0 ? reject(`no such savepoint: ${effect.written}`) : steps.rollbackTo(state, index);
    }
    default:
      return planOther(state, effect);
  }
}

/** Postgres: src/backend/access/transam/xact.c. */
function planPostgres(steps: Steps, state: TransactionState, effect: Effect): Plan {
  const idle = state.phase === 'idle';
  const failed = state.phase === 'failed';
  // An error inside a transaction aborts it.
  const next: TransactionState = idle ? state : { ...state, phase: 'failed' };
  const reject = (code: string, message: string): Plan => ({ kind: 'reject', message, code, next });
  const outside = (what: string): Plan => reject('25P01', `${what} can only be used in transaction blocks`);
  const warn = (message: string, tag: string): Plan => ({ kind: 'notice', message, tag });

  if (failed && !ENDS_FAILURE.has(effect.kind)) {
    return reject('25P02', 'current transaction is aborted, commands ignored until end of transaction block');
  }

  switch (effect.kind) {
    case 'begin':
      if (!idle) return warn('there is already a transaction in progress', effect.tag);
      return steps.begin(effect.tag, effect.readOnly === true ? ['SET TRANSACTION READ ONLY'] : []);
    case 'commit':
      if (idle && effect.chain) return outside('COMMIT AND CHAIN');
      if (idle) return warn('there is no transaction in progress', 'COMMIT');
      return failed ? steps.rollback(state, 'ROLLBACK', effect.chain) : steps.commit(state, 'COMMIT', effect.chain);
    case 'rollback':
      if (idle && effect.chain) return outside('ROLLBACK AND CHAIN');
      return idle
        ? warn('there is no transaction in progress', 'ROLLBACK')
        : steps.rollback(state, 'ROLLBACK', effect.chain);
    case 'savepoint':
      return idle ? outside('SAVEPOINT') : steps.savepoint(state, effect.name);
    case 'release':
    case 'rollbackTo': {
      const release = effect.kind === 'release';
      if (idle) return outside(release ? 'RELEASE SAVEPOINT' : 'ROLLBACK TO SAVEPOINT');

      const index = findMark(state, effect.name);
      if (index < 0) return reject('3B001', `savepoint "${effect.name}" does not exist`);
      return release ? steps.release(state, index) : steps.rollbackTo(state, index);
    }
    default:
      return planOther(next, effect);
  }
}

const ENDS_FAILURE: ReadonlySet<Effect['kind']> = new Set<Effect['kind']>([
  'commit',
  'rollback',
  'rollbackTo',
  'empty',
]);

/** MySQL: manual, "START TRANSACTION, COMMIT, and ROLLBACK Statements" and "SAVEPOINT". */
function planMySql(steps: Steps, state: TransactionState, effect: Effect): Plan {
  const idle = state.phase === 'idle';

  switch (effect.kind) {
    case 'begin':
      // Inside a transaction it commits and begins the next.
      return idle ? steps.begin('BEGIN') : steps.commit(state, 'BEGIN', true);
    case 'commit':
      if (idle) return effect.chain ? steps.begin('COMMIT') : answer('COMMIT', state);
      return steps.commit(state, 'COMMIT', effect.chain);
    case 'rollback':
      if (idle) return effect.chain ? steps.begin('ROLLBACK') : answer('ROLLBACK', state);
      return steps.rollback(state, 'ROLLBACK', effect.chain);
    case 'savepoint': {
      // With autocommit it is a transaction of its own, over before the next statement.
      if (idle) return answer('SAVEPOINT', state);
      // A second savepoint of the same name takes the first one's place in the client's view.
      const marks = state.marks.map((mark) => (mark.name === effect.name ? { ...mark, name: '' } : mark));
      return steps.savepoint({ ...state, marks }, effect.name);
    }
    case 'release':
    case 'rollbackTo': {
      const index = findMark(state, effect.name);
      if (index < 0) {
        const message = `SAVEPOINT ${effect.written} does not exist`;
        return { kind: 'reject', message, code: 'ER_SP_DOES_NOT_EXIST', next: state };
      }
      return effect.kind === 'release' ? steps.release(state, index) : steps.rollbackTo(state, index);
    }
    default:
      return planOther(state, effect);
  }
}

/** Statements that leave the transaction alone. */
function planOther(next: TransactionState, effect: Effect): Plan {
  if (effect.kind !== 'refused') return FORWARD;
  return { kind: 'reject', message: `${effect.what} ${effect.why} ${effect.remedy}`, code: 'LOCKSTEP_REFUSED', next };
}
