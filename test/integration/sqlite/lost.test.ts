import { expect } from 'chai';
import type { Sandbox } from '#src/engine/index.js';
import { begin, column, connect, errorOf, open } from './support.js';

const SCHEMA = `
  CREATE TABLE t (a UNIQUE);
  CREATE TABLE guarded (a);
  CREATE TRIGGER guard BEFORE INSERT ON guarded BEGIN SELECT RAISE(ROLLBACK, 'not here'); END;
  INSERT INTO t VALUES (1);
`;
const ALL = 'SELECT a FROM t';

describe('SQLite statements that end the outer transaction', () => {
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await open(SCHEMA);
  });

  afterEach(() => sandbox.close());

  for (const sql of ['INSERT OR ROLLBACK INTO t VALUES (1)', 'INSERT INTO guarded VALUES (1)']) {
    it(`fail with SandboxLostError, and so does the test: ${sql}`, async () => {
      begin(sandbox, 'a test');
      sandbox.session.execute('INSERT INTO t VALUES (2)');

      const error = await errorOf(() => connect().run(sql));
      expect(error).to.include({ code: 'LOCKSTEP_SANDBOX_LOST' });
      expect(error.message).to.contain(sql).and.to.contain('"a test"');
      expect(() => sandbox.end()).to.throw('ended the transaction');

      begin(sandbox, 'the next');
      expect(column(sandbox, ALL)).to.deep.equal([1]);
      sandbox.session.execute('INSERT INTO t VALUES (2)');
      sandbox.end();
      begin(sandbox, 'the one behind it');
      expect(column(sandbox, ALL)).to.deep.equal([1]);
    });
  }

  it('are named even when the app went on in a transaction of its own', async () => {
    const app = connect();
    begin(sandbox, 'a test');
    await app.run('BEGIN');
    await errorOf(() => app.run('INSERT OR ROLLBACK INTO t VALUES (1)'));

    // As in production, the transaction is over.
    expect((await errorOf(() => app.run('COMMIT'))).message).to.contain('no transaction is active');
    expect(() => sandbox.end()).to.throw('INSERT OR ROLLBACK');
  });

  it('tell which fixtures went with them', () => {
    begin(sandbox, 'a suite', 'layer');
    sandbox.session.execute('INSERT INTO t VALUES (2)');
    begin(sandbox, 'its test');

    expect(() => sandbox.session.execute('INSERT OR ROLLBACK INTO t VALUES (1)')).to.throw(/fixtures of "a suite"/);
    expect(() => sandbox.end()).to.throw(/fixtures of "a suite"/);
    sandbox.end();
    begin(sandbox, 'the next');
    expect(column(sandbox, ALL)).to.deep.equal([1]);
  });
});
