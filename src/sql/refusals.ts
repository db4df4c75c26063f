import { runnerWords } from '../runner-words.js';
import { type Cursor, unquote } from './cursor.js';
import type { Effect } from './effect.js';

type Refusal = Extract<Effect, { kind: 'refused' }>;

/**
 * The refusal of a statement that would escape the sandbox's rollback or cannot work inside it.
 * `verb` is the statement's first word, which the cursor has passed.
 */
export function readRefusal(cursor: Cursor, verb: string): Refusal | undefined {
  switch (cursor.dialect) {
    case 'sqlite':
      return refuseSqlite(cursor, verb);
    case 'postgres':
      return refusePostgres(cursor, verb);
    case 'mysql':
      return verb === 'XA' ? distributed('XA') : undefined;
  }
}

function refuseSqlite(cursor: Cursor, verb: string): Refusal | undefined {
  switch (verb) {
    case 'VACUUM': {
      const into = cursor.word === 'INTO' || (cursor.advance() !== '' && cursor.word === 'INTO');
      return {
        kind: 'refused',
        what: `${into ? 'VACUUM INTO' : 'VACUUM'} cannot run in the sandbox.`,
        why: 'SQLite does not run it inside a transaction, and the sandbox is one.',
        remedy: `Run it in the config's schema, before the first test, or in ${runnerWords().outside}.`,
      };
    }
    case 'DETACH':
      return {
        kind: 'refused',
        what: 'DETACH cannot run in the sandbox.',
        why: 'SQLite keeps a database attached while a transaction uses it, and the sandbox is one transaction.',
        remedy: `Leave the database attached until the test ends, or do it in ${runnerWords().outside}.`,
      };
    case 'ATTACH':
      return refuseAttach(cursor);
    default:
      return undefined;
  }
}

function refuseAttach(cursor: Cursor): Refusal | undefined {
  cursor.take('DATABASE');
  const file = unquote(cursor.text);
  const quoted = cursor.kind === 'string' || cursor.kind === 'identifier';
  if (quoted && (file === '' || file === ':memory:')) return undefined;

  return {
    kind: 'refused',
    what: quoted
      ? `ATTACH of the file "${file}" cannot run in the sandbox.`
      : `ATTACH of ${file} cannot run in the sandbox.`,
    why: 'The file would stay attached after the test, for all the tests behind it.',
    remedy: `Attach ':memory:' instead, or do it in ${runnerWords().outside}.`,
  };
}

function refusePostgres(cursor: Cursor, verb: string): Refusal | undefined {
  const object = cursor.word;

  switch (verb) {
    case 'PREPARE':
      // `PREPARE transaction AS …` is a statement named "transaction".
      if (object !== 'TRANSACTION') return undefined;
      cursor.advance();
      return cursor.kind === 'string' ? distributed('PREPARE TRANSACTION') : undefined;
    case 'COMMIT':
    case 'ROLLBACK':
      return object === 'PREPARED' ? distributed(`${verb} PREPARED`) : undefined;
    case 'CREATE':
    case 'DROP':
      return object === 'DATABASE' || object === 'TABLESPACE' ? outsideTransactions(`${verb} ${object}`) : undefined;
    case 'ALTER':
      return object === 'SYSTEM' ? outsideTransactions('ALTER SYSTEM') : undefined;
    default:
      return undefined;
  }
}

function distributed(what: string): Refusal {
  return {
    kind: 'refused',
    what: `${what} cannot run in the sandbox.`,
    why: 'A prepared transaction outlives its connection, so it would escape the rollback at the end of the test.',
    remedy: `Use a plain COMMIT, or test two-phase commits in ${runnerWords().outside}.`,
  };
}

function outsideTransactions(what: string): Refusal {
  return {
    kind: 'refused',
    what: `${what} cannot run in the sandbox.`,
    why: 'Postgres does not run it inside a transaction, and it could not be undone at the end of the test.',
    remedy: `Do it before the tests, in schema of the config; or in ${runnerWords().outside}, where it is not undone.`,
  };
}
