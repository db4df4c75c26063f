import { expect } from 'chai';
import type { Client } from 'pg';
import { connected, useSandbox } from './sandbox.js';

describe('postgres: temporary tables', () => {
  const at = useSandbox('temporaries_test', 'CREATE TABLE item (id int PRIMARY KEY)');
  let a: Client;
  let b: Client;

  beforeEach(async () => {
    a = await connected(at().url);
    b = await connected(at().url);
  });
  afterEach(() => Promise.all([a.end(), b.end()]));

  const ids = async (client: Client, table: string): Promise<unknown> => {
    const found = await client
      .query<{ id: number }>(`SELECT id FROM ${table} ORDER BY id`)
      .catch((error: unknown) => error);
    return 'rows' in (found as object)
      ? (found as { rows: { id: number }[] }).rows.map(({ id }) => id)
      : (found as { code: string }).code;
  };

  it('stay their client’s own when scopes end', async () => {
    const { sandbox } = at();
    sandbox.begin({ kind: 'layer', title: 'a describe' });
    await a.query('CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (1)');
    await b.query('CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (2)');

    for (const title of ['first', 'second']) {
      sandbox.begin({ kind: 'test', title });
      expect(await ids(a, 't')).to.deep.equal([1]);
      await a.query('INSERT INTO t VALUES (3)');
      await a.query('CREATE TEMP TABLE u (id int)');
      expect(await ids(b, 't')).to.deep.equal([2]);
      expect(await ids(b, 'u')).to.equal('42P01');
      expect(await ids(a, 'u')).to.deep.equal([]);
      if (title === 'first') await ids(b, 't');
      sandbox.end();
    }
    sandbox.end();

    sandbox.begin({ kind: 'test', title: 'third' });
    expect(await ids(a, 't')).to.equal('42P01');
    await b.query('CREATE TEMP TABLE t (id int)');
    expect(await ids(b, 't')).to.deep.equal([]);
    sandbox.end();
  });

  it('are not seen by the session, nor the session’s by the app', async () => {
    const { sandbox } = at();
    sandbox.begin({ kind: 'test', title: 'a test' });
    await a.query('CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (1)');
    expect(() => sandbox.session.execute('SELECT * FROM t', [])).to.throw(/relation "t" does not exist/);
    sandbox.session.script('CREATE TEMP TABLE t (id int)');
    expect(sandbox.session.execute('SELECT * FROM t', []).rows).to.deep.equal([]);
    expect(await ids(a, 't')).to.deep.equal([1]);
    sandbox.end();
  });

  it('may be made in a transaction while another client has one of that name', async () => {
    const { sandbox } = at();
    sandbox.begin({ kind: 'test', title: 'a test' });
    await a.query('CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (1)');
    await b.query('BEGIN');
    await b.query('CREATE TEMP TABLE t (id int) ON COMMIT DROP');
    await b.query({ text: 'INSERT INTO t VALUES ($1)', values: [2] });
    expect(await ids(b, 't')).to.deep.equal([2]);
    await b.query('COMMIT');
    expect(await ids(b, 't')).to.equal('42P01');
    expect(await ids(a, 't')).to.deep.equal([1]);
    sandbox.end();
  });

  it('belong to the role that made them', async () => {
    const { sandbox } = at();
    sandbox.begin({ kind: 'test', title: 'a test' });
    await b.query('CREATE ROLE clerk; GRANT ALL ON SCHEMA public TO clerk');
    await a.query('SET ROLE clerk');
    await a.query('CREATE TEMP TABLE t (id int); INSERT INTO t VALUES (1)');
    expect(await ids(b, 't')).to.equal('42P01');
    expect(await ids(a, 't')).to.deep.equal([1]);
    sandbox.end();
  });

  it('keep names of any length', async () => {
    const { sandbox } = at();
    const long = 'x'.repeat(63);
    sandbox.begin({ kind: 'test', title: 'a test' });
    await a.query(`CREATE TEMP TABLE ${long} (id int)`);
    await b.query('SELECT 1');
    expect(await ids(a, long)).to.deep.equal([]);
    sandbox.end();
  });
});
