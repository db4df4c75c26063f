import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { Client, DatabaseError } from 'pg';
import { fixture, runMocha } from '../run-mocha.js';
import { connected, endBackend, inTest, useSandbox } from './sandbox.js';

const SHORT = 200;
const LONGER = 600;

describe('postgres: timeouts that the server gives to every connection', () => {
  const at = useSandbox('timeouts_test', 'CREATE TABLE item (name text)');
  const told = async (client: Client): Promise<unknown> => ((await once(client, 'error'))[0] as DatabaseError).code;

  before(async () => {
    const owner = await connected(at().direct);
    for (const [name, value] of [
      ['idle_in_transaction_session_timeout', SHORT],
      ['idle_session_timeout', SHORT * 5],
      ['statement_timeout', SHORT],
      ['lock_timeout', SHORT],
    ] as const)
      await owner.query(`ALTER DATABASE timeouts_test SET ${name} = ${value}`);
    await owner.end();
    // The next connection begins with them.
    await endBackend(at());
  });

  it('never end what all share, amid a scope and between two', async () => {
    for (const title of ['one', 'two'])
      await inTest(
        at(),
        async () => {
          const client = await connected(at().url);
          await client.query("INSERT INTO item VALUES ('Tea')");
          await pause(LONGER);
          expect((await client.query('SELECT name FROM item')).rows).to.have.length(1);
          await client.end();
        },
        title,
      );
    await pause(SHORT * 6);
    await inTest(at(), () => Promise.resolve(at().sandbox.session.execute("INSERT INTO item VALUES ('Salt')")));
  });

  it('are those of the app’s own transactions', async () => {
    await inTest(at(), async () => {
      const [client, other] = [await connected(at().url), await connected(at().url)];
      await client.query("BEGIN; INSERT INTO item VALUES ('Tea')");
      expect(await told(client)).to.equal('25P03');
      expect((await other.query('SELECT name FROM item')).rows).to.have.length(0);
      expect(await told(other)).to.equal('57P05');
    });
  });

  it('are those of the app’s statements, until it has others, and again when it resets them', async () => {
    await inTest(at(), async () => {
      const client = await connected(at().url);
      const slow = (): Promise<unknown> =>
        client.query('SELECT pg_sleep(0.5)').then(
          () => 'done',
          ({ code }: DatabaseError) => code,
        );
      const shown = async (name: string): Promise<unknown> =>
        Object.values((await client.query<Record<string, unknown>>(`SHOW ${name}`)).rows[0] ?? {})[0];

      for (const [sql, outcome, statement, idle] of [
        ['SELECT 1', '57014', '200ms', '200ms'],
        ['SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0', 'done', '0', '0'],
        ['RESET ALL', '57014', '200ms', '200ms'],
        ['SET statement_timeout = 0', 'done', '0', '200ms'],
        ['DISCARD ALL', '57014', '200ms', '200ms'],
      ] as const) {
        await client.query(sql);
        expect(await slow(), sql).to.equal(outcome);
        expect(await shown('statement_timeout'), sql).to.equal(statement);
        expect(await shown('idle_in_transaction_session_timeout'), sql).to.equal(idle);
      }
      expect(await shown('lock_timeout')).to.equal('200ms');
      await client.end();
    });
  });

  it('let the end of a scope take its time', async () => {
    // What a subtransaction has made is removed one by one, which takes longer than a statement may.
    await inTest(at(), async () => {
      const client = await connected(at().url);
      await client.query('SET statement_timeout = 20');
      for (let number = 0; number < 60; number += 1)
        await client.query(`CREATE TABLE t${number} (id int PRIMARY KEY)`).catch(() => undefined);
      await client.end();
    });
    await inTest(at(), () => Promise.resolve(at().sandbox.session.execute('SELECT name FROM item')));
  });

  it('are of no account to a session that waits', async () => {
    await inTest(at(), async () => {
      const { session } = at().sandbox;
      session.execute('BEGIN');
      session.execute("INSERT INTO item VALUES ('Tea')");
      await pause(LONGER);
      session.execute('COMMIT');
      expect(session.execute('SELECT name FROM item').rows).to.have.length(1);
    });
  });
});

describe('postgres: timeouts of transactions before the first scope', () => {
  const at = useSandbox('early_timeouts_test', 'CREATE TABLE item (name text)');

  it('end the client whose time is up, and nobody else', async () => {
    const [client, other] = [await connected(at().url), await connected(at().url)];
    await client.query(`SET idle_in_transaction_session_timeout = ${SHORT}`);
    await pause(LONGER);
    await client.query("BEGIN; INSERT INTO item VALUES ('Tea')");
    expect(((await once(client, 'error'))[0] as DatabaseError).code).to.equal('25P03');
    await other.query("INSERT INTO item VALUES ('Salt')");
    expect((await other.query('SELECT name FROM item')).rows).to.deep.equal([{ name: 'Salt' }]);
    await other.end();
  });
});

describe('postgres: the embedded server’s settings', function () {
  this.timeout(120_000);

  it('suit a suite whose app has timeouts, and one that makes thousands of tables in a scope', async () => {
    const run = await runMocha(fixture('postgres-settings'), ['timeouts.mjs', 'locks.mjs'], { limit: 100_000 });

    expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
    expect(run.passed).to.have.length(6);
    expect(run.stderr).to.equal('');
  });
});
