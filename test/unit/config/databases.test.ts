import { join } from 'node:path';

import { expect } from 'chai';

import { validateConfig, type ResolvedConfig } from '#src/config/index.js';
import { ConfigError } from '#src/errors.js';

import { Folder } from './folder.js';

describe('validateConfig for several databases', () => {
  let folder: Folder;
  const validate = (databases: unknown, more: object = {}): ResolvedConfig =>
    validateConfig({ databases, ...more }, join(folder.path, 'lockstep.config.mjs'));
  const refusal = (databases: unknown, more?: object): string => {
    try {
      validate(databases, more);
    } catch (error) {
      expect(error).to.be.instanceOf(ConfigError);
      return (error as ConfigError).message;
    }
    throw new Error('It should have been refused.');
  };
  const postgres = { engine: 'postgres' };
  const sqlite = { engine: 'sqlite', file: ':memory:' };

  before(() => {
    folder = new Folder({ 'schema.sql': '' });
  });
  after(() => folder.remove());

  it('gives each its name, its place and its label, in the order of the config', () => {
    const { databases, database } = validate({
      audit: { ...sqlite, env: 'AUDIT' },
      main: { ...postgres, schema: 'schema.sql' },
    });

    expect(databases.map(({ name, key, label }) => [name, key, label])).to.deep.equal([
      ['audit', 'databases.audit', 'audit'],
      ['main', 'databases.main', 'main'],
    ]);
    expect(database).to.equal(databases[1]);
    expect(Object.isFrozen(databases)).to.equal(true);
  });

  it('takes the first for the default one where none is called main', () => {
    expect(validate({ shop: postgres, audit: sqlite }).database?.name).to.equal('shop');
  });

  it('has no label for the only one', () => {
    const { database } = validate({ shop: postgres, replica: { replicaOf: 'shop', env: 'REPLICA' } });
    expect(database).to.include({ name: 'shop', label: undefined });
  });

  it('gives replicas to their primary', () => {
    const swap = (): void => undefined;
    const { databases } = validate({
      near: { replicaOf: 'main', env: 'NEAR_URL' },
      main: postgres,
      far: { replicaOf: 'main', env: ['FAR_URL', 'FAR'], swap, readOnly: false },
    });

    expect(databases).to.have.length(1);
    expect(databases[0]?.replicas).to.deep.equal([
      { name: 'near', env: ['NEAR_URL'], swap: undefined, readOnly: true },
      { name: 'far', env: ['FAR_URL', 'FAR'], swap, readOnly: false },
    ]);
  });

  it('has replicas on SQLite that are the same file', () => {
    const { databases } = validate({ main: sqlite, replica: { replicaOf: 'main', env: 'REPLICA' } });
    expect(databases[0]?.replicas).to.deep.equal([
      { name: 'replica', env: ['REPLICA'], swap: undefined, readOnly: false },
    ]);
  });

  const refused: [title: string, databases: () => unknown, ...texts: (string | RegExp)[]][] = [
    ['a list', () => [postgres], /^databases in .* is \[ \{ engine: 'postgres' \} \]/, 'by their names'],
    ['none', () => ({}), 'It names no database.'],
    ['one without a name', () => sqlite, 'this is one database', 'Did you mean database?'],
    [
      'a name that is no identifier',
      () => ({ 'read-only': postgres }),
      /^databases\['read-only'\] in/,
      'letters, digits and _',
    ],
    ['one that is no object', () => ({ main: './app.sqlite3' }), /^databases\.main in/, 'must be an object'],
    [
      'a wrong key of one',
      () => ({ main: postgres, audit: { ...sqlite, fil: '' } }),
      /^databases\.audit\.fil in/,
      'Did you mean databases.audit.file?',
    ],
    [
      'a wrong value of one',
      () => ({ main: postgres, audit: { ...sqlite, drain: -1 } }),
      /^databases\.audit\.drain in .* is -1/,
    ],
    [
      'a wrong pair of keys of one',
      () => ({ main: { ...postgres, url: 'postgres:///shop_test', embedded: true } }),
      /^databases\.main\.embedded in .* is true\.\n {2}databases\.main\.url names a server/,
    ],
    ['a missing engine', () => ({ main: {} }), /^databases\.main\.engine in .* is undefined/],
    [
      'a replica of nothing that is there',
      () => ({ main: postgres, replica: { replicaOf: 'mian' } }),
      /^databases\.replica\.replicaOf in .* is 'mian'/,
      "Did you mean 'main'?",
    ],
    [
      'a replica of itself',
      () => ({ main: postgres, replica: { replicaOf: 'replica' } }),
      'the name of a database that is no replica: main',
    ],
    [
      'a replica of a replica',
      () => ({ main: postgres, near: { replicaOf: 'main' }, far: { replicaOf: 'near' } }),
      /^databases\.far\.replicaOf in .* is 'near'/,
      'That is a replica itself',
      "Did you mean 'main'?",
    ],
    ['replicas alone', () => ({ replica: { replicaOf: 'main' } }), 'there is none'],
    [
      'a schema of a replica',
      () => ({ main: postgres, replica: { replicaOf: 'main', schema: 'schema.sql' } }),
      /^databases\.replica\.schema in/,
      'The keys of databases.replica are replicaOf, env, swap, readOnly',
    ],
    [
      'a replica of SQLite that only reads',
      () => ({ main: sqlite, replica: { replicaOf: 'main', readOnly: true } }),
      /^databases\.replica\.readOnly in .* is true/,
      'the same file',
    ],
    [
      'a replica of SQLite with drivers',
      () => ({ main: sqlite, replica: { replicaOf: 'main', swap: ['sqlite3'] } }),
      /^databases\.replica\.swap in/,
      "the primary's swap",
    ],
    [
      'one variable for two databases',
      () => ({ main: { ...postgres, env: ['A', 'URL'] }, audit: { ...sqlite, env: 'URL' } }),
      /^databases\.audit\.env in .* is 'URL'/,
      'databases.main.env sets URL as well',
    ],
    [
      'one variable for a database and its replica',
      () => ({ main: { ...postgres, env: 'URL' }, replica: { replicaOf: 'main', env: 'URL' } }),
      /^databases\.replica\.env in .* is 'URL'/,
      'databases.main.env sets URL as well',
    ],
    [
      "one of libpq's variables beside all of them",
      () => ({ main: { ...postgres, env: 'PG*' }, replica: { replicaOf: 'main', env: 'PGHOST' } }),
      /^databases\.replica\.env in .* is 'PGHOST'/,
    ],
    [
      'two databases in memory',
      () => ({ main: sqlite, audit: sqlite }),
      /^databases\.audit\.file in .* is ':memory:'/,
      'It is the database of databases.main already',
      "file: './audit.test.sqlite3'",
    ],
    [
      'one file twice',
      () => ({ main: { ...sqlite, file: 'a.test.db' }, audit: { ...sqlite, file: './a.test.db' } }),
      'It is the database of databases.main already',
      "audit: { replicaOf: 'main', … }",
    ],
    [
      'one URL twice, without its password',
      () => ({
        main: { ...postgres, url: 'postgres://ada:secret@h/test' },
        audit: { ...postgres, url: 'postgres://ada:secret@h/test' },
      }),
      /^databases\.audit\.url in .* is 'postgres:\/\/ada:…@h\/test'/,
    ],
  ];

  for (const [title, databases, ...texts] of refused) {
    it(`refuses ${title}`, () => {
      const message = refusal(databases());
      for (const text of texts) {
        if (typeof text === 'string') expect(message).to.contain(text);
        else expect(message).to.match(text);
      }
      expect(message).not.to.contain('secret');
    });
  }

  it('refuses both database and databases', () => {
    expect(refusal({ audit: sqlite }, { database: postgres }))
      .to.match(/^databases in /)
      .and.contain('both are given');
  });

  it('allows databases of one server', () => {
    expect(validate({ main: postgres, audit: postgres, third: { ...sqlite } }).databases).to.have.length(3);
    expect(
      validate({
        main: { ...postgres, url: 'postgres://h/shop_test' },
        audit: { ...postgres, url: 'postgres://h/audit_test' },
      }).databases,
    ).to.have.length(2);
  });
});
