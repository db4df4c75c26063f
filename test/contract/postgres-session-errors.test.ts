import { expect } from 'chai';
import pg from 'pg';

import type { PostgresSession } from '#src/engine/postgres/session/index.js';

import { ENGINES, openEngine, openPg, startServer } from '../integration/postgres/session/server.js';

interface Case {
  readonly title: string;
  readonly sql: string;
  readonly values?: unknown[];
  readonly code: string;
}

const SCHEMA = `
  create table parents (id int primary key, name text not null unique, age int check (age >= 0));
  create table children (id int primary key, parent int references parents deferrable initially deferred);
  create domain positive as int check (value > 0);
  create function failing() returns int language plpgsql as $$ begin
    raise exception 'it fails' using errcode = 'P0042', detail = 'the detail', hint = 'the hint';
  end $$;
  insert into parents values (1, 'Ada', 36);
`;

const CASES: readonly Case[] = [
  { title: 'a syntax error', sql: 'selec 1', code: '42601' },
  { title: 'a syntax error behind others', sql: '\n\n  select 1 +\n  from parents', code: '42601' },
  { title: 'a syntax error behind letters of two bytes', sql: "select 'größe', +", code: '42601' },
  { title: 'a missing table', sql: 'select * from nowhere', code: '42P01' },
  { title: 'a missing column', sql: 'select ag from parents', code: '42703' },
  { title: 'a missing function', sql: 'select nothing(1)', code: '42883' },
  { title: 'a unique violation', sql: "insert into parents values (2, 'Ada', 1)", code: '23505' },
  {
    title: 'a primary key violation',
    sql: 'insert into parents values ($1, $2, $3)',
    values: [1, 'x', 1],
    code: '23505',
  },
  { title: 'a not-null violation', sql: 'insert into parents values (2, null, 1)', code: '23502' },
  { title: 'a check violation', sql: "insert into parents values (2, 'Eve', -1)", code: '23514' },
  { title: 'a foreign key violation at the end', sql: 'insert into children values (1, 99)', code: '23503' },
  { title: 'a domain violation', sql: 'select 0::positive', code: '23514' },
  { title: 'a division by zero', sql: 'select 1 / $1::int', values: [0], code: '22012' },
  { title: 'text that is no number', sql: 'select $1::int', values: ['one'], code: '22P02' },
  { title: 'a number out of range', sql: 'select $1::int2', values: [40_000], code: '22003' },
  { title: 'invalid JSON', sql: 'select $1::jsonb', values: ['{'], code: '22P02' },
  { title: 'an error with a detail and a hint', sql: 'select failing()', code: 'P0042' },
  { title: 'an error within a function', sql: 'do $$ begin perform 1 / 0; end $$', code: '22012' },
  { title: 'an error behind rows', sql: 'select 10 / (3 - n) from generate_series(1, 5) n', code: '22012' },
  { title: 'a missing parameter', sql: 'select $1::int', code: '42P02' },
  { title: 'a failed cast of a name', sql: "select 'nowhere'::regclass", code: '42P01' },
  { title: 'COMMIT without BEGIN, then RELEASE', sql: 'release savepoint nothing', code: '25P01' },
  { title: 'a cancelled statement', sql: 'select pg_cancel_backend(pg_backend_pid()), pg_sleep(5)', code: '57014' },
];

const FIELDS = [
  'name',
  'message',
  'severity',
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'where',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const;

describe('the errors of the Postgres session', function () {
  this.timeout(30_000);
  const expected = new Map<Case, unknown>();

  before(async () => {
    const client = await openPg(await startServer());
    await client.query(`create schema failing; set search_path = failing; ${SCHEMA}`);
    for (const one of CASES)
      expected.set(one, await client.query(one.sql, one.values).catch((error: unknown) => error));
    await client.end();
  });

  for (const engine of ENGINES) {
    describe(engine, () => {
      let session: PostgresSession;

      before(async () => {
        session = openEngine(engine, await startServer());
        session.script('set search_path = failing');
      });

      after(() => session.close());

      for (const one of CASES) {
        it(`are those of pg for ${one.title}`, () => {
          const error = errorOf(() => session.execute(one.sql, one.values));

          expect(error).to.be.instanceOf(pg.DatabaseError);
          expect(error.code).to.equal(one.code);
          expect(fieldsOf(error)).to.deep.equal(fieldsOf(expected.get(one)));
          expect(Object.keys(error).sort()).to.deep.equal(Object.keys(expected.get(one) as object).sort());
          expect(session.execute('select 1 as still').rows).to.deep.equal([{ still: 1 }]);
        });
      }

      it("begin with the test's own line, also where a script fails", () => {
        for (const fail of [() => session.execute('selec'), () => session.script('select 1; selec')]) {
          const [, first] = (errorOf(fail).stack ?? '').split('\n');
          expect(first).to.contain('postgres-session-errors.test.js');
        }
      });

      it('leave a failed transaction to be rolled back', () => {
        session.execute('begin');
        expect(session.transactionFailed).to.equal(false);
        errorOf(() => session.execute('select 1 / 0'));

        expect(session.inTransaction).to.equal(true);
        expect(session.transactionFailed).to.equal(true);
        expect(errorOf(() => session.execute('select 1')).code).to.equal('25P02');
        session.execute('rollback');
        expect(session.inTransaction).to.equal(false);
        expect(session.transactionFailed).to.equal(false);
      });

      it('undo what a script did before the statement that failed', () => {
        errorOf(() => session.script("insert into parents values (7, 'Gus', 1); select 1 / 0"));
        expect(session.execute('select * from parents where id = 7').rows).to.deep.equal([]);
      });
    });
  }
});

function errorOf(fail: () => unknown): pg.DatabaseError {
  try {
    fail();
  } catch (error) {
    return error as pg.DatabaseError;
  }
  throw new Error('nothing was thrown');
}

function fieldsOf(error: unknown): object {
  return Object.fromEntries(FIELDS.map((name) => [name, (error as pg.DatabaseError)[name]]));
}
