import { expect } from 'chai';
import { serialize as to } from 'pg-protocol';
import pg from 'pg';
import { RawClient, type Message, socketIn } from './raw.js';
import { asleep, connected, inTest, useSandbox } from './sandbox.js';

const RESET = `
  DROP SCHEMA public CASCADE; CREATE SCHEMA public;
  CREATE TABLE item (id int PRIMARY KEY, name text UNIQUE);
`;
const S = to.sync();
const H = to.flush();
const Q = (sql: string): Buffer => to.query(sql);
const P = (text: string, name = ''): Buffer => to.parse({ text, name, types: [] });
const B = (statement = '', portal = '', values: string[] = []): Buffer => to.bind({ statement, portal, values });
const D = (type: 'S' | 'P', name = ''): Buffer => to.describe({ type, name });
const E = (portal = '', rows = 0): Buffer => to.execute({ portal, rows });
const C = (type: 'S' | 'P', name = ''): Buffer => to.close({ type, name });
const run = (sql: string, values: string[] = []): Buffer => Buffer.concat([P(sql), B('', '', values), D('P'), E()]);
const insert = (id: number): Buffer => run(`INSERT INTO item VALUES (${id}, 'n${id}')`);

const ABORTED = 'current transaction is aborted, commands ignored until end of transaction block';

/** Bytes to send, and how many ReadyForQuery answer them; or a letter up to which is read. */
type Step = readonly [client: string, bytes: readonly Buffer[], until?: number | string];

const many = 'SELECT generate_series(1, 5) AS n';
const count = Q('SELECT count(*) AS n FROM item');

const CASES: Readonly<Record<string, readonly Step[]>> = {
  'a batch': [
    ['a', [insert(1), insert(2), S]],
    ['a', [count]],
  ],
  'several Parses before the Sync': [
    ['a', [P('SELECT 1', 'x'), P('SELECT 2', 'y'), B('y'), E(), B('x'), E(), S]],
    ['a', [B('x'), E(), S]],
  ],
  'an error in the middle of a batch': [
    ['a', [insert(1), insert(1), insert(2), S]],
    ['a', [count]],
  ],
  'several batches at once': [
    ['a', [insert(1), S, insert(1), S, insert(2), S], 3],
    ['a', [count]],
  ],
  'batches and queries at once': [
    ['a', [Q('BEGIN'), insert(1), S, Q('SELECT 1'), insert(1), S, Q('ROLLBACK'), count], 6],
  ],
  'a transaction in one batch': [
    ['a', [run('BEGIN'), insert(1), run('COMMIT'), S]],
    ['a', [count]],
    ['a', [run('BEGIN'), insert(2), run('ROLLBACK'), S]],
    ['a', [count]],
  ],
  'a batch that commits and fails': [
    ['a', [insert(1), run('COMMIT'), insert(2), insert(2), S]],
    ['a', [count]],
  ],
  'a batch with savepoints': [
    ['a', [run('BEGIN'), insert(1), run('SAVEPOINT s'), insert(2), run('ROLLBACK TO s'), run('COMMIT'), S]],
    ['a', [count]],
  ],
  'a savepoint in a batch without a transaction': [
    ['a', [insert(1), run('SAVEPOINT s'), insert(2), S]],
    ['a', [count]],
  ],
  'an error, then the rest of a transaction': [
    ['a', [run('BEGIN'), insert(1), insert(1), run('COMMIT'), S]],
    ['a', [run('SELECT 1'), S]],
    ['a', [P('COMMIT', 'c'), P('SELECT 1', 'd'), S]],
    ['a', [run('COMMIT'), S]],
    ['a', [count]],
  ],
  'blanks and comments around the name of a prepared statement': [
    ['a', [run('  PREPARE one AS SELECT 1'), S]],
    ['a', [run('  EXECUTE one'), S]],
    ['a', [run('/* c */ EXECUTE one'), S]],
    ['a', [run('\n-- c\n EXECUTE one ; '), S]],
    ['a', [run(' ; EXECUTE one -- c'), S]],
    ['a', [P('  EXECUTE one', 'named'), B('named'), E(), S]],
    ['a', [Q('  EXECUTE one')]],
    ['a', [run('  DEALLOCATE one ;'), S]],
    ['a', [run('  EXECUTE one'), S]],
  ],
  'the place of an error behind blanks': [
    ['a', [run('  SELECT nowhere'), S]],
    ['a', [run('  SELECT nowhere ; '), S]],
    ['a', [run(' ;\n SELECT nowhere'), S]],
    ['a', [run('/* \u{1F9EA} */ SELECT nowhere;'), S]],
    ['a', [Q('  SELECT nowhere ; ')]],
  ],
  'portals in parts': [
    ['a', [P(many), B(), E('', 2), E('', 2), E('', 2), S]],
    ['a', [E('', 1), S]],
  ],
  'portals across batches': [
    ['a', [Q('BEGIN')]],
    ['a', [P(many), B('', 'p'), E('p', 2), S]],
    ['a', [E('p', 2), S]],
    ['a', [Q('COMMIT')]],
    ['a', [E('p', 2), S]],
  ],
  'a portal below a savepoint': [
    ['a', [Q('BEGIN')]],
    ['a', [P(many), B('', 'p'), E('p', 2), S]],
    ['a', [Q('SAVEPOINT s')]],
    ['a', [B('', 'q'), E('q', 1), E('p', 1), S]],
    ['a', [Q('ROLLBACK TO s')]],
    ['a', [E('p', 1), S]],
    ['a', [Q('ROLLBACK')]],
  ],
  'a portal of a transaction that is over': [
    ['a', [P(many), B('', 'p'), E('p', 2), S]],
    ['a', [B('', 'p'), E('p', 2), S]],
    ['a', [E('p', 2), S]],
  ],
  Flush: [
    ['a', [P(many), D('S'), H], 'T'],
    ['a', [B(), E('', 1), H], 's'],
    ['a', [E(), S]],
  ],
  'Flush of what the relay answers': [
    ['a', [P('BEGIN'), B(), D('P'), E(), H], 'C'],
    ['a', [insert(1), H], 'C'],
    ['a', [S]],
    ['a', [Q('ROLLBACK')]],
  ],
  'Describe and Close': [
    [
      'a',
      [
        P('SELECT $1::int AS n', 'x'),
        D('S', 'x'),
        P('COMMIT', 'c'),
        D('S', 'c'),
        B('c'),
        D('P'),
        C('P'),
        C('S', 'c'),
        C('S', 'nothing'),
        S,
      ],
    ],
    ['a', [C('S', 'x'), B('x', '', ['1']), S]],
  ],
  'names that are taken': [
    ['a', [P('SELECT 1', 'x'), S]],
    ['a', [P('SELECT 2', 'x'), S]],
    ['a', [P('COMMIT', 'c'), S]],
    ['a', [P('COMMIT', 'c'), S]],
    ['a', [B('x'), E(), S]],
  ],
  'what is not there': [
    ['a', [B('x'), S]],
    ['a', [B(), S]],
    ['a', [E(), S]],
    ['a', [E('p'), S]],
    ['a', [D('S'), S]],
    ['a', [D('P'), S]],
    ['a', [D('S', 'x'), S]],
    ['a', [D('P', 'x'), S]],
  ],
  'the unnamed statement': [
    ['a', [P('SELECT 1 AS n'), S]],
    ['b', [P('SELECT 2 AS n'), S]],
    ['a', [B(), D('P'), E(), S]],
    ['b', [B(), E(), S]],
    ['a', [Q('SELECT 3')]],
    ['a', [B(), E(), S]],
  ],
  'the unnamed statement in a transaction': [
    ['a', [Q('BEGIN')]],
    ['a', [P('SELECT 1 AS n'), S]],
    ['a', [B(), E(), S]],
    ['a', [D('S'), S]],
    ['a', [Q('COMMIT')]],
    ['a', [B(), E(), S]],
  ],
  'nothing but Sync and Flush': [
    ['a', [S]],
    ['a', [H, S]],
    ['a', [S, S, S], 3],
  ],
  'an empty statement': [
    ['a', [run(''), S]],
    ['a', [Q('')]],
    ['a', [run('-- x'), S]],
  ],
  'two statements in one Parse': [
    ['a', [run('SELECT 1; SELECT 2'), S]],
    ['a', [run('BEGIN; COMMIT'), S]],
  ],
  'a wrong number of values': [
    ['a', [run('SELECT $1::int', []), S]],
    ['a', [run('SELECT $1::int', ['x']), S]],
    ['a', [run('SELECT 1', ['x']), S]],
  ],
  'errors in a transaction': [
    ['a', [Q('BEGIN')]],
    ['a', [run('SELECT 1/0'), S]],
    ['a', [P('SAVEPOINT s'), S]],
    ['a', [P('SELECT 1'), S]],
    ['a', [P('ROLLBACK'), B(), E(), S]],
  ],
  'COPY in': [
    ['a', [Q('COPY item FROM STDIN')], 'G'],
    ['a', [to.copyData(Buffer.from('1\tone\n')), to.copyData(Buffer.from('2\ttwo\n')), to.copyDone()]],
    ['a', [count]],
  ],
  'COPY in, all at once': [
    ['a', [Q('COPY item FROM STDIN'), to.copyData(Buffer.from('1\tone\n2\ttwo\n')), to.copyDone()]],
    ['a', [count]],
  ],
  'COPY in that fails': [
    ['a', [Q('COPY item FROM STDIN')], 'G'],
    ['a', [to.copyData(Buffer.from('1\tone\n1\ttwo\n')), to.copyDone()]],
    ['a', [count]],
    ['a', [Q('COPY item FROM STDIN')], 'G'],
    ['a', [to.copyFail('no more')]],
    ['a', [count]],
    ['a', [Q('COPY item FROM STDIN')], 'G'],
    ['a', [to.copyData(Buffer.from('nonsense\n'))]],
    ['a', [count], 1],
  ],
  'COPY in a batch': [
    ['a', [P('COPY item FROM STDIN'), B(), E(), H], 'G'],
    ['a', [to.copyData(Buffer.from('1\tone\n')), to.copyDone(), S]],
    ['a', [count]],
  ],
  'COPY in a batch with a Sync too early': [
    ['a', [P('COPY item FROM STDIN'), B(), E(), S], 'G'],
    ['a', [to.copyData(Buffer.from('1\tone\n')), to.copyDone(), S]],
    ['a', [count]],
  ],
  'COPY in a transaction': [
    ['a', [Q('BEGIN')]],
    ['a', [Q('COPY item FROM STDIN')], 'G'],
    ['a', [to.copyData(Buffer.from('1\tone\n')), to.copyDone()]],
    ['a', [Q('ROLLBACK')]],
    ['a', [count]],
  ],
  'COPY in a text of several statements': [
    ['a', [Q('BEGIN; COPY item FROM STDIN; COMMIT')], 'G'],
    ['a', [to.copyData(Buffer.from('1\tone\n')), to.copyDone()]],
    ['a', [count]],
  ],
  'COPY out': [
    ['a', [insert(1), insert(2), S]],
    ['a', [Q('COPY item TO STDOUT')]],
    ['a', [run('COPY item TO STDOUT'), S]],
    ['a', [Q('COPY nowhere TO STDOUT')]],
  ],
  'COPY data that nobody wants': [['a', [to.copyData(Buffer.from('x')), to.copyDone(), count]]],
  'cancelled while nothing runs': [['a', [Q('SELECT 1')]]],
  'prepared transaction statements': [
    ['a', [P('BEGIN', 'b'), P('COMMIT', 'c'), P('ROLLBACK', 'r'), S]],
    ['a', [B('b'), E(), S]],
    ['a', [insert(1), S]],
    ['a', [B('r'), E(), S]],
    ['a', [count]],
    ['a', [B('b'), E(), insert(2), B('c'), E(), S]],
    ['a', [count]],
  ],
  deallocation: [
    ['a', [P('SELECT 1', 'x'), S]],
    ['a', [Q('DEALLOCATE x')]],
    ['a', [B('x'), S]],
    ['a', [P('SELECT 1', 'x'), S]],
    ['a', [run('DEALLOCATE ALL'), S]],
    ['a', [P('SELECT 2', 'x'), S]],
  ],
  'what the relay runs amid a batch leaves the unnamed portal': [
    ['a', [P('SELECT 1 AS n'), B(), P('START TRANSACTION READ ONLY', 'b'), B('b', 'p'), E('p'), D('P'), E(), S]],
    ['a', [P('SAVEPOINT s', 's'), P(many), B(), E('', 1), B('s', 'q'), E('q'), E('', 1), S]],
    ['a', [P('RELEASE s', 'r'), B('r', 'r'), E('r'), E('', 1), S]],
    ['a', [Q('ROLLBACK')]],
  ],
  'the unnamed statement of a failed transaction': [
    ['a', [P('SELECT 1 AS n'), P('START TRANSACTION READ ONLY', 'b'), B('b', 'p'), E('p'), E('p'), S]],
    ['a', [D('S'), S]],
    ['a', [B('x'), P('NOTIFY ch'), S]],
    ['a', [D('S'), S]],
    ['a', [P('NOTIFY ch'), S]],
    ['a', [D('S'), S]],
    ['a', [B('', 'p'), S]],
    ['a', [Q('ROLLBACK')]],
  ],
  'a portal that has failed': [
    ['a', [Q('BEGIN')]],
    ['a', [P('ROLLBACK TO s'), B('', 'p'), E('p'), S]],
    ['a', [E('p'), S]],
    ['a', [B('', 'q'), E('q'), S]],
    ['a', [E('q'), S]],
    ['a', [Q('ROLLBACK')]],
    ['a', [Q('BEGIN')]],
    ['a', [P('ROLLBACK'), B('', 'p'), P('SELECT 1/0', 'x'), B('x'), E(), S]],
    ['a', [E('p'), S]],
    ['a', [P('ROLLBACK'), B(), E(), S]],
    ['a', [Q('BEGIN; SELECT 1/0')]],
    ['a', [P('ROLLBACK'), B('', 'p'), S]],
    ['a', [B('nothing'), E('p'), S]],
    ['a', [E('p'), S]],
  ],
  'a portal above a savepoint that is rolled back': [
    ['a', [Q('BEGIN; SAVEPOINT s')]],
    ['a', [P('NOTIFY ch'), B('', 'p'), P('ROLLBACK TO s'), B(), E(), P('VACUUM', 'x'), B('x', 'p'), S]],
    ['a', [P('ROLLBACK TO s'), B(), E(), E(), S]],
    ['a', [Q('ROLLBACK')]],
    ['a', [Q('BEGIN; SAVEPOINT s')]],
    ['a', [P('NOTIFY ch'), B('', 'p'), S]],
    ['a', [Q('SAVEPOINT t')]],
    ['a', [B('', 'q'), P('RELEASE t'), B('', 'r'), E('r'), P('ROLLBACK TO s'), B('', 't'), E('t'), E('q'), S]],
    ['a', [Q('ROLLBACK')]],
  ],
  'a portal that was to end a failed transaction': [
    ['a', [Q('BEGIN; SELECT 1/0')]],
    ['a', [P('COMMIT'), B('', 'p'), S]],
    ['a', [Q('COMMIT')]],
    ['a', [Q('BEGIN; SELECT 1/0')]],
    ['a', [P('COMMIT'), B(), S]],
    ['a', [Q('ROLLBACK')]],
    ['a', [Q('BEGIN; SELECT 1/0')]],
    ['a', [P('COMMIT'), B(), B('', 'p'), E('p'), S]],
  ],
  'the unnamed statement behind a failure': [
    ['a', [P('SELECT 1 AS n'), S]],
    ['b', [Q('SELECT 2')]],
    ['a', [B('x'), P('SELECT 3 AS n'), S]],
    ['a', [B(), E(), S]],
  ],
  'a portal that is there, before its statement is planned': [
    ['a', [P('NOTIFY ch'), B('', 'p'), P('SELECT 6 / $1::int'), B('', 'p', ['0']), S]],
    ['a', [P('SELECT 6 / $1::int'), B('', 'p', ['1']), P('NOTIFY ch'), B('', 'p'), S]],
    ['a', [P('NOTIFY ch'), B('', 'p'), B('', 'p'), S]],
    ['a', [P('NOTIFY ch'), B('', 'p'), P('SELECT $1::int'), B('', 'p'), S]],
    ['a', [P('NOTIFY ch'), B('', 'p'), B('nothing', 'p'), S]],
    ['a', [P('NOTIFY ch'), B('', 'p'), C('P', 'p'), P('SELECT 1'), B('', 'p'), E('p'), S]],
  ],
  'a statement that is another outside of the transaction that it was prepared in': [
    ['a', [Q('BEGIN')]],
    ['a', [P('DECLARE c CURSOR FOR SELECT 1'), P('END', 'e'), B('e'), E(), B(), E(), S]],
    ['a', [Q('BEGIN')]],
    ['a', [P('LOCK item'), P('VACUUM', 'v'), P('CREATE INDEX CONCURRENTLY i ON item (name)', 'i'), S]],
    ['a', [Q('COMMIT')]],
    ['a', [P('LOCK item'), B(), E(), S]],
    ['a', [B('i'), E(), S]],
    ['a', [B('v'), E(), S]],
  ],
  'a description in a failed transaction, of a statement that the relay has replaced': [
    ['a', [Q('ALTER TABLE item ADD CONSTRAINT late UNIQUE (id, name) DEFERRABLE INITIALLY DEFERRED')]],
    ['a', [insert(1), S]],
    ['a', [run('', []), P('BEGIN', 'y'), B('y'), E(), P("INSERT INTO item VALUES (2, 'n2')", 'y'), S]],
    ['a', [D('S'), S]],
    ['a', [D('S', 'y'), B(), E(), S]],
  ],
  'a portal whose statement cannot be planned': [
    ['a', [P('COMMIT', 'c'), P('SELECT 1/0', 'bad'), S]],
    ['a', [B('bad', 'q'), S]],
    ['a', [B('c', 'q'), E('q'), S]],
    ['a', [Q('BEGIN')]],
    ['a', [B('bad', 'q'), S]],
    ['a', [B('c', 'q'), S]],
    ['a', [E('q'), S]],
    ['a', [D('P', 'q'), S]],
    ['a', [B('c', 'r'), E('r'), S]],
    ['a', [B('c', 'q'), E('q'), S]],
    ['a', [Q('BEGIN; SAVEPOINT s')]],
    ['a', [B('bad', 'q'), S]],
    ['a', [Q('ROLLBACK TO s')]],
    ['a', [B('c', 'q'), E('q'), S]],
    ['a', [run('BEGIN'), B('bad', 'q'), B('c', 'q'), S]],
    ['a', [B('c', 'q'), S]],
    ['a', [C('P', 'q'), B('c', 'q'), E('q'), S]],
  ],
  'a statement that is bound in a failed transaction, which could only have read': [
    ['a', [P('SELECT $1::int'), S]],
    ['a', [P('START TRANSACTION READ ONLY', 'x'), B('x'), E(), P('SELECT 1', 'x'), S]],
    ['a', [B(), S]],
  ],
  'a description in a failed transaction, of a statement that returns nothing': [
    ['a', [Q('ALTER TABLE item ADD CONSTRAINT late UNIQUE (id, name) DEFERRABLE INITIALLY DEFERRED')]],
    ['a', [insert(1), S]],
    ['a', [P('BEGIN', 'y'), B('y'), E(), P("INSERT INTO item VALUES (2, 'n2')", 'y'), S]],
    ['a', [D('S'), S]],
    ['a', [D('S'), B(), E(), S]],
  ],
  'local settings in a batch without a transaction': [
    ['a', [run("SET LOCAL work_mem = '7MB'"), run('SHOW work_mem'), S]],
    ['a', [run('SHOW work_mem'), S]],
    ['a', [run("SET LOCAL work_mem = '7MB'"), run('COMMIT'), run('SHOW work_mem'), S]],
    ['a', [run('SET LOCAL nonsense = 1'), run('SHOW work_mem'), S]],
    ['a', [run('SET CONSTRAINTS ALL IMMEDIATE'), run('SET TRANSACTION READ ONLY'), insert(1), S]],
    ['a', [insert(1), S]],
  ],
  'statements that commit at once, in a batch': [
    ['a', [run('DISCARD ALL'), run('DISCARD ALL'), S]],
    ['a', [run('DISCARD ALL'), insert(1), run('DISCARD ALL'), S]],
    ['a', [run("SET work_mem = '7MB'"), S]],
    ['a', [run('DISCARD ALL'), run('SELECT 1/0'), S]],
    ['a', [run('SHOW work_mem'), S]],
    ['a', [run('VACUUM item'), run('VACUUM item'), S]],
    ['a', [P('SELECT 1'), B('', 'q'), P('VACUUM item'), B('', 'p'), E('p'), D('P', 'p'), E('p'), S]],
    ['a', [P('SELECT 1'), B('', 'q'), P('VACUUM item'), B('', 'p'), E('p'), D('P', 'q'), S]],
    ['a', [P('REINDEX TABLE CONCURRENTLY item'), B('', 'p'), E('p'), D('P', 'p'), E('p'), S]],
    ['a', [P('REINDEX TABLE CONCURRENTLY item'), B(), E(), D('P'), E(), S]],
    ['a', [P('DISCARD ALL'), B(), E(), D('P'), S]],
    ['a', [run('-- nothing'), run(''), run('DISCARD ALL'), S]],
    ['a', [run('CREATE INDEX CONCURRENTLY i ON item (name)'), run('SELECT 1/0'), S]],
    ['a', [run('DROP INDEX CONCURRENTLY i'), S]],
    ['a', [run('DROP INDEX i'), S]],
  ],
  'a portal on a table that the commit empties': [
    ['a', [Q('CREATE TEMP TABLE t (n int) ON COMMIT DELETE ROWS')]],
    ['a', [P('SELECT n FROM t'), B('', 'p'), S]],
    ['a', [P('SELECT n FROM t'), B(), S]],
    ['a', [Q('BEGIN; DECLARE c CURSOR FOR SELECT n FROM t')]],
    ['a', [P('SELECT n FROM t'), B('', 'p'), E('p', 1), S]],
    ['a', [Q('COMMIT')]],
    ['a', [Q('BEGIN; DECLARE c CURSOR FOR SELECT n FROM t')]],
    ['a', [P('COMMIT', 'c'), P('SELECT n FROM t'), B(), B('c', 'p'), E('p'), S]],
  ],
  'notifications, which come when the client is idle': [
    ['a', [Q('LISTEN ch')]],
    ['a', [Q("SELECT pg_notify('ch', 'one'); END; SELECT * FROM nowhere")]],
    ['a', [Q("NOTIFY ch, 'two'; END; SELECT 1")]],
    ['a', [run("NOTIFY ch, 'three'"), run('COMMIT'), run("NOTIFY ch, 'four'"), run('SELECT 1'), S]],
    ['a', [Q("NOTIFY ch, 'five'; END; BEGIN; SELECT 1")]],
    ['a', [Q('SELECT 2')]],
    ['a', [Q('COMMIT')]],
    ['a', [Q('BEGIN')]],
    ['b', [Q("NOTIFY ch, 'six'")]],
    ['a', [Q('SELECT 3')]],
    ['a', [Q('ROLLBACK')]],
  ],
  'a transaction that has only notified, beside another one': [
    ['a', [Q('LISTEN ch')]],
    ['a', [Q('BEGIN')]],
    ['a', [Q("NOTIFY ch, 'one'")]],
    ['b', [Q("BEGIN; INSERT INTO item VALUES (1, 'b')")]],
    ['a', [Q('COMMIT')]],
    ['b', [Q('COMMIT')]],
    ['a', [run("NOTIFY ch, 'two'"), run('START TRANSACTION READ ONLY'), S]],
    ['b', [Q("BEGIN; INSERT INTO item VALUES (2, 'c')")]],
    ['a', [Q('ROLLBACK')]],
    ['b', [Q('COMMIT')]],
    ['a', [count]],
  ],
};

describe('postgres: the protocol', () => {
  const at = useSandbox('protocol_test', RESET);

  const perform = async (host: string, steps: readonly Step[]): Promise<Message[][]> => {
    const clients = new Map<string, RawClient>();
    const answers: Message[][] = [];
    for (const [name, bytes, until = 1] of steps) {
      const client = clients.get(name) ?? (await RawClient.open(host, 'protocol_test'));
      clients.set(name, client);
      client.write(Buffer.concat([...bytes]));
      answers.push(await (typeof until === 'number' ? client.until('Z', until) : client.until(until)));
    }
    for (const client of clients.values()) {
      answers.push(client.rest());
      client.close();
    }
    return answers;
  };

  for (const [title, steps] of Object.entries(CASES)) {
    it(`is spoken as by a server: ${title}`, async () => {
      const cleaner = await connected(at().direct);
      await cleaner.query(RESET);
      const real = await perform(at().direct.host ?? '', steps);
      await cleaner.query(RESET);
      await cleaner.end();

      const emulated = await inTest(at(), () => perform(new URL(at().url).searchParams.get('host') ?? '', steps));
      expect(emulated).to.deep.equal(real);
    });
  }

  it('keeps the server from the portal that a failed query has left', async () => {
    // PostgreSQL 15.18 ends with a segmentation fault, so there is nothing to compare.
    const failed: Message = ['E', `SERROR;C25P02;M${ABORTED}`];
    await inTest(at(), async () => {
      const client = await RawClient.open(new URL(at().url).searchParams.get('host') ?? '', 'protocol_test');
      await client.exchange(Q('BEGIN'));
      await client.exchange(Buffer.concat([P('SELECT 1 AS n'), B(), S]));
      await client.exchange(Q('SELECT 1/0'));
      expect(await client.exchange(Buffer.concat([D('P'), S]))).to.deep.equal([failed, ['Z', 'E']]);
      expect(await client.exchange(Buffer.concat([E(), S]))).to.deep.equal([failed, ['Z', 'E']]);
      await client.exchange(Q('ROLLBACK'));
      expect((await client.exchange(count)).at(-1)).to.deep.equal(['Z', 'I']);
      client.close();
    });
  });

  it('cancels the statement of the client that asks', async () => {
    await inTest(at(), async () => {
      const pool = new pg.Pool({ connectionString: at().url, max: 2 });
      const sleeper = await pool.connect();
      const { processID, secretKey } = sleeper as unknown as { processID: number; secretKey: number };
      const sleeping = sleeper.query('SELECT pg_sleep(20)').catch((error: unknown) => error);
      await asleep(at());

      const request = Buffer.alloc(16);
      for (const [index, value] of [16, 80877102, processID, secretKey].entries())
        request.writeInt32BE(value, index * 4);
      const host = new URL(at().url).searchParams.get('host') ?? '';
      const stranger = await RawClient.open(host, 'protocol_test');
      expect((await stranger.exchange(S)).map(([letter]) => letter)).to.deep.equal(['Z']);
      const { connect } = await import('node:net');
      connect(socketIn(host)).end(request);

      expect(await sleeping).to.include({ code: '57014' });
      expect((await pool.query('SELECT 1 AS n')).rows).to.deep.equal([{ n: 1 }]);
      sleeper.release();
      stranger.close();
      await pool.end();
    });
  });
});
