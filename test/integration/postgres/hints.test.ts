import { expect } from 'chai';
import type { Client, DatabaseError } from 'pg';
import { fixture, runMocha } from '../run-mocha.js';
import { connected, inTest, useSandbox } from './sandbox.js';

const SCHEMA = `
  create type mood as enum ('sad');
  create table item (id int primary key, name text);
  insert into item values (1, 'Tea');
  create procedure committing() language plpgsql as $$ begin commit; end $$;
`;

/** What fails within a sandbox only: the statements, the last of which fails, and a word of the way out. */
const OF_ONE_TRANSACTION: readonly (readonly [code: string, statements: readonly string[], way: string])[] = [
  ['55P04', ["alter type mood add value 'happy'", "select 'happy'::mood"], 'add it in schema'],
  ['2D000', ['call committing()'], 'schema or seed'],
  ['2D000', ['do $$ begin commit; end $$'], 'schema or seed'],
  ['25001', ['select pg_export_snapshot()'], 'outside(this)'],
];

/** What one test makes, and how the next misses it. */
const MADE: readonly (readonly [making: string, missing: string, what: string])[] = [
  ['create table visits (n int)', 'select * from visits', 'relation visits'],
  ['create table if not exists public."Visits" (n int)', 'select * from "Visits"', 'relation Visits'],
  ['create sequence counter', "select nextval('counter')", 'relation counter'],
  ['create or replace view teas as select 1', 'select * from teas', 'relation teas'],
  ['-- of the store\ncreate schema store', 'create table store.shelf (n int)', 'schema store'],
  ["create type colour as enum ('red')", "select 'red'::colour", 'type colour'],
  ['create function twice(n int) returns int language sql as $$ select n * 2 $$', 'select twice(2)', 'routine twice'],
  ['alter table item add column price int', 'select price from item', 'column price'],
  ['create role passer_by', 'set role passer_by', 'role passer_by'],
];

describe('postgres: what the sandbox has to do with an error', () => {
  for (const host of ['in-thread', 'worker'] as const)
    describe(host, () => {
      const at = useSandbox(`hints_test_${host === 'worker' ? 'worker' : 'here'}`, SCHEMA, { host });
      let client: Client;

      before(async () => {
        client = await connected(at().url);
      });
      after(() => client.end());

      const failure = async (sql: string, values?: unknown[]): Promise<DatabaseError | undefined> => {
        try {
          await client.query(sql, values);
        } catch (error) {
          return error as DatabaseError;
        }
        return undefined;
      };

      for (const [code, statements, way] of OF_ONE_TRANSACTION.filter(([, , words]) => words !== ''))
        it(`is told of ${code}: ${statements.at(-1)}`, () =>
          inTest(at(), async () => {
            for (const sql of statements.slice(0, -1)) await client.query(sql);
            const error = await failure(statements.at(-1) ?? '');
            expect(error?.code).to.equal(code);
            expect(error?.hint)
              .to.include(way)
              .and.match(/\(Lockstep, see .+#errors-that-only-one-transaction-can-cause\)$/);
          }));

      for (const [making, missing, what] of MADE)
        it(`is told of what went with another test: ${what}`, async () => {
          await inTest(at(), async () => void (await client.query(making)), 'makes it');
          await inTest(at(), async () => {
            for (const values of [undefined, []])
              expect((await failure(missing, values))?.hint).to.include(`The ${what} was made in "makes it"`);
            // Made anew, it is nobody's fault any more.
            await client.query(making);
            expect(await failure(missing)).to.equal(undefined);
          });
        });

      it('is nothing where no test has made it, or its own transaction has undone it', async () => {
        await inTest(at(), async () => {
          expect((await failure('select * from never'))?.hint).to.equal(undefined);
          await client.query('begin; create table undone (n int); rollback');
          expect((await failure('select * from undone'))?.hint).to.equal(undefined);
        });
      });

      it('is nothing where a server would have said the same', () =>
        inTest(at(), async () => {
          await client.query('begin');
          expect((await failure('vacuum'))?.hint ?? '').to.not.include('Lockstep');
          await client.query('rollback');
        }));
    });

  describe('in the report of a failed test', function () {
    this.timeout(60_000);

    for (const SESSION_DRIVER of ['builtin', 'pg-native'])
      it(`stands once, behind the database's own words (${SESSION_DRIVER})`, async () => {
        const run = await runMocha(fixture('postgres-hints'), ['hints.mjs'], {
          env: { SESSION_DRIVER },
          limit: 60_000,
        });

        expect(run.passed, run.stdout + run.stderr).to.deep.equal(['counts visits']);
        for (const test of run.failed) {
          const { message, stack } = run.find(test).err;
          expect(message, test).to.not.include('Lockstep');
          expect(
            stack?.match(/The relation visits was made in "counts visits" and went with it/g) ?? [],
            stack,
          ).to.have.length(1);
        }
        expect(run.failed).to.have.length(3);
      });
  });
});
