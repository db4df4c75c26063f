import { expect } from 'chai';
import { type Plan, VirtualTransaction } from '#src/sandbox/virtual-transaction.js';
import { classify } from '#src/sql/classify.js';
import type { Dialect } from '#src/sql/dialect.js';

/** What a client of its own would be answered: `TAG`, `warning: …`, `CODE: message` or `ran`. */
function client(dialect: Dialect): { transaction: VirtualTransaction; sent: string[]; run: (sql: string) => string } {
  const transaction = new VirtualTransaction('app', dialect);
  const sent: string[] = [];

  const run = (sql: string): string => {
    const plan = transaction.plan(classify(sql, dialect));
    if (plan.kind === 'forward') {
      sent.push(sql);
      return 'ran';
    }
    if ('send' in plan) sent.push(...plan.send.map((statement) => statement.replaceAll(/lockstep_\w+_(?=\d+$)/g, 'L')));
    transaction.done(plan);
    if (plan.kind === 'reject') return `${plan.code}: ${plan.message}`;
    return plan.kind === 'notice' ? `warning: ${plan.message} ${plan.tag}` : plan.tag;
  };
  return { transaction, sent, run };
}

const ABORTED = '25P02: current transaction is aborted, commands ignored until end of transaction block';

describe('virtual transaction', () => {
  // Each: dialect, title, what the client sends and is answered, what the real connection gets.
  const cases: readonly (readonly [Dialect, string, readonly (readonly [string, string])[], readonly string[]])[] = [
    [
      'sqlite',
      'commits',
      [
        ['BEGIN IMMEDIATE', 'BEGIN'],
        ['insert into a values (1)', 'ran'],
        ['END', 'COMMIT'],
      ],
      ['SAVEPOINT L0', 'insert into a values (1)', 'RELEASE SAVEPOINT L0'],
    ],
    [
      'sqlite',
      'rolls back',
      [
        ['BEGIN', 'BEGIN'],
        ['SAVEPOINT a', 'SAVEPOINT'],
        ['ROLLBACK', 'ROLLBACK'],
      ],
      ['SAVEPOINT L0', 'SAVEPOINT L1', 'ROLLBACK TO SAVEPOINT L0', 'RELEASE SAVEPOINT L0'],
    ],
    [
      'sqlite',
      'hides a savepoint behind one of the same name, in any case',
      [
        ['BEGIN', 'BEGIN'],
        ['SAVEPOINT a', 'SAVEPOINT'],
        ['SAVEPOINT "A"', 'SAVEPOINT'],
        ['RELEASE A', 'RELEASE'],
        ['ROLLBACK TO a', 'ROLLBACK'],
        ['RELEASE a', 'RELEASE'],
        ['RELEASE Aa', 'SQLITE_ERROR: no such savepoint: Aa'],
      ],
      [
        'SAVEPOINT L0',
        'SAVEPOINT L1',
        'SAVEPOINT L2',
        'RELEASE SAVEPOINT L2',
        'ROLLBACK TO SAVEPOINT L1',
        'RELEASE SAVEPOINT L1',
      ],
    ],
    [
      'sqlite',
      'begins with a savepoint, whose release commits',
      [
        ['SAVEPOINT a', 'SAVEPOINT'],
        ['BEGIN', 'SQLITE_ERROR: cannot start a transaction within a transaction'],
        ['SAVEPOINT b', 'SAVEPOINT'],
        ['ROLLBACK TO a', 'ROLLBACK'],
        ['RELEASE b', 'SQLITE_ERROR: no such savepoint: b'],
        ['RELEASE a', 'RELEASE'],
        ['COMMIT', 'SQLITE_ERROR: cannot commit - no transaction is active'],
      ],
      ['SAVEPOINT L0', 'SAVEPOINT L1', 'ROLLBACK TO SAVEPOINT L0', 'RELEASE SAVEPOINT L0'],
    ],
    [
      'sqlite',
      'has nothing to end outside a transaction',
      [
        ['COMMIT', 'SQLITE_ERROR: cannot commit - no transaction is active'],
        ['ROLLBACK', 'SQLITE_ERROR: cannot rollback - no transaction is active'],
        ['RELEASE a', 'SQLITE_ERROR: no such savepoint: a'],
        ['ROLLBACK TO a', 'SQLITE_ERROR: no such savepoint: a'],
      ],
      [],
    ],
    [
      'postgres',
      'warns where Postgres warns',
      [
        ['COMMIT', 'warning: there is no transaction in progress COMMIT'],
        ['START TRANSACTION READ ONLY', 'START TRANSACTION'],
        ['BEGIN', 'warning: there is already a transaction in progress BEGIN'],
        ['ABORT', 'ROLLBACK'],
        ['ROLLBACK', 'warning: there is no transaction in progress ROLLBACK'],
      ],
      ['SAVEPOINT L0', 'SET TRANSACTION READ ONLY', 'ROLLBACK TO SAVEPOINT L0', 'RELEASE SAVEPOINT L0'],
    ],
    [
      'postgres',
      'refuses savepoints outside a transaction',
      [
        ['SAVEPOINT a', '25P01: SAVEPOINT can only be used in transaction blocks'],
        ['RELEASE a', '25P01: RELEASE SAVEPOINT can only be used in transaction blocks'],
        ['ROLLBACK TO a', '25P01: ROLLBACK TO SAVEPOINT can only be used in transaction blocks'],
        ['COMMIT AND CHAIN', '25P01: COMMIT AND CHAIN can only be used in transaction blocks'],
      ],
      [],
    ],
    [
      'postgres',
      'is aborted by an error until it is rolled back',
      [
        ['BEGIN', 'BEGIN'],
        ['SAVEPOINT a', 'SAVEPOINT'],
        ['ROLLBACK TO b', '3B001: savepoint "b" does not exist'],
        ['select 1', ABORTED],
        ['SAVEPOINT c', ABORTED],
        ['BEGIN', ABORTED],
        ['ROLLBACK TO a', 'ROLLBACK'],
        ['select 1', 'ran'],
        ['RELEASE b', '3B001: savepoint "b" does not exist'],
        ['COMMIT', 'ROLLBACK'],
        ['select 2', 'ran'],
      ],
      [
        'SAVEPOINT L0',
        'SAVEPOINT L1',
        'ROLLBACK TO SAVEPOINT L1',
        'select 1',
        'ROLLBACK TO SAVEPOINT L0',
        'RELEASE SAVEPOINT L0',
        'select 2',
      ],
    ],
    [
      'postgres',
      'chains',
      [
        ['BEGIN READ ONLY', 'BEGIN'],
        ['COMMIT AND CHAIN', 'COMMIT'],
        ['COMMIT', 'COMMIT'],
      ],
      [
        'SAVEPOINT L0',
        'SET TRANSACTION READ ONLY',
        'RELEASE SAVEPOINT L0',
        'SAVEPOINT L0',
        'SET TRANSACTION READ ONLY',
        'RELEASE SAVEPOINT L0',
      ],
    ],
    [
      'mysql',
      'commits when it begins again, and moves a savepoint that is set again',
      [
        ['COMMIT', 'COMMIT'],
        ['SAVEPOINT a', 'SAVEPOINT'],
        ['BEGIN', 'BEGIN'],
        ['SAVEPOINT a', 'SAVEPOINT'],
        ['SAVEPOINT a', 'SAVEPOINT'],
        ['ROLLBACK TO a', 'ROLLBACK'],
        ['RELEASE SAVEPOINT a', 'RELEASE'],
        ['RELEASE SAVEPOINT a', 'ER_SP_DOES_NOT_EXIST: SAVEPOINT a does not exist'],
        ['BEGIN', 'BEGIN'],
        ['ROLLBACK', 'ROLLBACK'],
      ],
      [
        'SAVEPOINT L0',
        'SAVEPOINT L1',
        'SAVEPOINT L2',
        'ROLLBACK TO SAVEPOINT L2',
        'RELEASE SAVEPOINT L2',
        'RELEASE SAVEPOINT L0',
        'SAVEPOINT L0',
        'ROLLBACK TO SAVEPOINT L0',
        'RELEASE SAVEPOINT L0',
      ],
    ],
  ];

  for (const [dialect, title, script, sent] of cases) {
    it(`${dialect}: ${title}`, () => {
      const app = client(dialect);
      expect(script.map(([sql]) => [sql, app.run(sql)])).to.deep.equal(script);
      expect(app.sent).to.deep.equal(sent);
    });
  }

  it('stands where it stood until the plan is done', () => {
    const { transaction } = client('sqlite');
    const plan = transaction.plan(classify('BEGIN', 'sqlite'));
    expect(transaction.open).to.equal(false);

    transaction.done(plan);
    expect(transaction.open).to.equal(true);
    transaction.plan(classify('COMMIT', 'sqlite'));
    expect(transaction.open, 'a refused COMMIT').to.equal(true);
  });

  it('says where deferred constraints are checked', () => {
    const commits = (...sqls: string[]): boolean => {
      const { transaction, run } = client('sqlite');
      for (const sql of sqls.slice(0, -1)) run(sql);
      const plan = transaction.plan(classify(sqls.at(-1) ?? '', 'sqlite'));
      return 'commits' in plan && plan.commits;
    };

    expect(commits('BEGIN', 'COMMIT')).to.equal(true);
    expect(commits('SAVEPOINT a', 'RELEASE a')).to.equal(true);
    expect(commits('BEGIN', 'SAVEPOINT a', 'RELEASE a')).to.equal(false);
    expect(commits('BEGIN', 'ROLLBACK')).to.equal(false);
  });

  it('counts its savepoints, and forgets them on reset', () => {
    const { transaction, run } = client('sqlite');
    const depths = ['SAVEPOINT a', 'SAVEPOINT b', 'ROLLBACK TO a', 'COMMIT', 'BEGIN', 'SAVEPOINT a'].map((sql) => {
      run(sql);
      return transaction.depth;
    });
    expect(depths).to.deep.equal([1, 2, 1, 0, 1, 2]);

    transaction.reset();
    expect([transaction.open, transaction.depth]).to.deep.equal([false, 0]);
  });

  it('fails only in Postgres, and only while it is open', () => {
    for (const dialect of ['sqlite', 'postgres', 'mysql'] as const) {
      const { transaction, run } = client(dialect);
      transaction.fail();
      expect(transaction.failed).to.equal(false);
      run('BEGIN');
      transaction.fail();
      expect(transaction.failed).to.equal(dialect === 'postgres');
    }
  });

  it('begins for its client alone, and is on the real connection when that is asked for', () => {
    const { transaction } = client('sqlite');
    const plan = (sql: string): Plan => transaction.plan(classify(sql, 'sqlite'));
    const begin = plan('BEGIN');
    transaction.defer(begin);
    expect([transaction.open, transaction.deferred, transaction.depth, transaction.number]).to.deep.equal([
      true,
      true,
      0,
      1,
    ]);
    expect(plan('COMMIT')).to.deep.include({ kind: 'close', send: [], commits: false });

    expect(transaction.start()).to.deep.equal('send' in begin ? begin.send : undefined);
    expect([transaction.deferred, transaction.depth, transaction.start()]).to.deep.equal([false, 1, []]);
    expect(plan('COMMIT')).to.deep.include({ kind: 'close', commits: true });
    transaction.done(plan('COMMIT'));
    expect([transaction.open, transaction.depth]).to.deep.equal([false, 0]);
  });

  for (const end of ['commit', 'rollback', 'reset'] as const)
    it(`leaves nothing of a transaction that was put off behind its ${end}`, () => {
      const { transaction } = client('sqlite');
      transaction.defer(transaction.plan(classify('BEGIN', 'sqlite')));
      if (end === 'reset') transaction.reset();
      else transaction.done(transaction.plan(classify(end, 'sqlite')));
      expect([transaction.open, transaction.deferred, transaction.start()]).to.deep.equal([false, false, []]);
    });

  it('can only be ended where all of it was undone: in Postgres it has failed', () => {
    const { transaction, run } = client('postgres');
    run('BEGIN');
    run('SAVEPOINT a');
    transaction.hollowOut();
    expect([transaction.open, transaction.failed, transaction.hollow, transaction.depth]).to.deep.equal([
      true,
      true,
      true,
      0,
    ]);
    expect(transaction.plan(classify('ROLLBACK TO a', 'postgres')).kind).to.equal('reject');
    const commit = transaction.plan(classify('COMMIT', 'postgres'));
    expect(commit).to.deep.include({ kind: 'close', send: [], tag: 'ROLLBACK' });
    transaction.done(commit);
    expect([transaction.open, transaction.hollow]).to.deep.equal([false, false]);
  });

  it('can only be ended where all of it was undone: in SQLite its client does not commit in vain', () => {
    const { transaction, run } = client('sqlite');
    run('BEGIN');
    transaction.hollowOut();
    expect([transaction.open, transaction.failed, transaction.depth]).to.deep.equal([true, false, 0]);
    expect(transaction.plan(classify('COMMIT', 'sqlite')).kind).to.equal('reject');
    transaction.done(transaction.plan(classify('ROLLBACK', 'sqlite')));
    expect(transaction.open).to.equal(false);

    transaction.hollowOut();
    expect(transaction.open, 'one that is not open').to.equal(false);
  });

  it('gives different connections different savepoints, all of them plain short names', () => {
    const names = [
      'app',
      'App',
      'sqlite3 connection 1',
      'sqlite3_connection_1',
      'ü',
      'x'.repeat(200),
      `${'x'.repeat(200)}y`,
    ];
    const savepoints = names.map((name) => {
      const plan = new VirtualTransaction(name, 'sqlite').plan(classify('BEGIN', 'sqlite'));
      return 'send' in plan ? plan.send.join() : '';
    });

    expect(new Set(savepoints.map((sql) => sql.toLowerCase())).size).to.equal(names.length);
    for (const sql of savepoints) expect(sql).to.match(/^SAVEPOINT \w{1,60}$/);
  });
});
