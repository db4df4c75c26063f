import { expect } from 'chai';

import { validateConfig, type ResolvedPostgres } from '#src/config/index.js';
import { ConfigError } from '#src/errors.js';

import { Folder } from './folder.js';

const URL = 'postgres://ada:secret@db.example:5433/shop_test?sslmode=require';

describe('validateConfig for Postgres', () => {
  let folder: Folder;
  const validate = (more: object = {}): ResolvedPostgres =>
    validateConfig({ database: { engine: 'postgres', ...more } }, `${folder.path}/lockstep.config.mjs`)
      .database as ResolvedPostgres;

  before(() => {
    folder = new Folder({ 'pg/bin/postgres': '', 'pg/bin/initdb': '', 'schema.sql': '' });
  });
  after(() => folder.remove());

  it('fills the defaults', () => {
    expect(validate()).to.deep.equal({
      name: 'main',
      key: 'database',
      label: undefined,
      replicas: [],
      engine: 'postgres',
      url: undefined,
      embedded: { binaries: undefined, locale: undefined, settings: {}, startTimeout: 60_000 },
      env: [],
      swap: undefined,
      user: undefined,
      schema: undefined,
      seed: undefined,
      isolation: 'rollback',
      identities: 'keep',
      clock: 'statement',
      driver: undefined,
      host: undefined,
      allowAnyDatabase: false,
      stallTimeout: 500,
      holdTimeout: 10_000,
      drain: 100,
      root: folder.path,
    });
  });

  it('leaves the functions of a given server alone by default', () => {
    expect(validate({ url: URL }).clock).to.equal('transaction');
  });

  it('takes every key', () => {
    const swap = (): void => undefined;
    const database = validate({
      url: URL,
      env: ['DATABASE_URL', 'PG*'],
      swap,
      identities: 'restart',
      clock: 'statement',
      driver: 'builtin',
      schema: 'schema.sql',
      allowAnyDatabase: true,
      embedded: false,
    });

    expect(database).to.include({ url: URL, swap, clock: 'statement', driver: 'builtin', allowAnyDatabase: true });
    expect(database.identities).to.equal('restart');
    expect(database.env).to.deep.equal(['DATABASE_URL', 'PG*']);
    expect(database.schema).to.deep.equal([{ kind: 'file', path: `${folder.path}/schema.sql` }]);
  });

  it('takes how the embedded server is started', () => {
    const settings = { timezone: 'Europe/Vienna', jit: true, work_mem: 65536, 'auto_explain.log_min_duration': '1s' };
    const { embedded } = validate({
      embedded: { binaries: './pg/bin', locale: 'de_AT.UTF-8', settings, startTimeout: 5 },
    });

    expect(embedded).to.deep.equal({
      binaries: `${folder.path}/pg/bin`,
      locale: 'de_AT.UTF-8',
      settings: { timezone: 'Europe/Vienna', jit: 'on', work_mem: '65536', 'auto_explain.log_min_duration': '1s' },
      startTimeout: 5,
    });
    expect(embedded).to.be.frozen;
    expect(embedded.settings).to.be.frozen;
    expect(validate({ embedded: true }).embedded.startTimeout).to.equal(60_000);
  });

  for (const url of [
    URL,
    'postgresql://localhost/test',
    'postgres:///test?host=/var/run/postgresql',
    'postgres://%2Fvar%2Frun%2Fpostgresql/test',
    'postgres://u:p%40ss@[::1]:5432/test',
    'postgres://u:p@ss@localhost:5432/test',
    'postgres://',
    'postgres://h/test?schema=public&pgbouncer=true&ssl=true&connect_timeout=5',
  ]) {
    it(`takes ${url}`, () => expect(validate({ url }).url).to.equal(url));
  }

  const refused: [string, object, RegExp][] = [
    ['a key of SQLite', { file: './test.db' }, /database\.file in .* is not a known key[\s\S]*engine, url, embedded/],
    ['a mistyped key', { ulr: URL }, /Did you mean database\.url\?/],
    ['a driver as engine', { engine: 'pg' }, /database\.engine .* 'pg'[\s\S]*Did you mean 'postgres'\?/],
    ['the long name', { engine: 'postgresql' }, /Did you mean 'postgres'\?/],
    ['a mistyped engine', { engine: 'postgers' }, /Did you mean 'postgres'\?/],
    ['a URL that is a number', { url: 5432 }, /database\.url in .* is 5432\.[\s\S]*postgres:\/\/user@/],
    ['an empty URL', { url: '' }, /database\.url in .* is ''/],
    ['another scheme', { url: 'mysql://localhost/test' }, /another kind of database/],
    ['an unknown scheme', { url: 'http://localhost/test' }, /'http:' is not a scheme of Postgres/],
    ['a URL without scheme', { url: 'localhost/test' }, /Begin it with postgres:\/\//],
    ['keywords', { url: 'host=localhost dbname=test' }, /list of keywords is not a URL[\s\S]*postgres:\/\/user@/],
    ['a URL without slashes', { url: 'postgres:test' }, /After 'postgres:' come two slashes/],
    ['several hosts', { url: 'postgres://a,b/test' }, /several hosts/],
    ['a wrong port', { url: 'postgres://localhost:54322222/test' }, /Its port is '54322222'/],
    ['a port that is a word', { url: 'postgres://localhost:five/test' }, /Its port is 'five'/],
    ['a mistyped parameter', { url: 'postgres://h/test?sslmod=require' }, /'sslmod' is not[\s\S]*'sslmode'\?/],
    ['a lone percent sign', { url: 'postgres://u:50%off@h/test' }, /'postgres:\/\/u:…@h\/test'[\s\S]*as %25/],
    ['a URL and a server', { url: URL, embedded: true }, /database\.embedded in .* is true[\s\S]*one of the two/],
    ['no server at all', { embedded: false }, /no other server than the embedded one/],
    ['a server by name', { embedded: 'yes' }, /database\.embedded in .* is 'yes'[\s\S]*binaries, locale/],
    ['an unknown key of the server', { embedded: { bin: 'x' } }, /Did you mean database\.embedded\.binaries\?/],
    ['binaries that are not there', { embedded: { binaries: './nix' } }, /does not hold initdb and postgres/],
    ['the folder above', { embedded: { binaries: './pg' } }, /Did you mean .*pg\/bin\?/],
    ['a strange locale', { embedded: { locale: 'de; rm' } }, /database\.embedded\.locale in .* is 'de; rm'/],
    ['settings in a list', { embedded: { settings: ['jit=off'] } }, /database\.embedded\.settings in/],
    ['a setting that is a list', { embedded: { settings: { jit: [] } } }, /settings\.jit in .* is \[\]/],
    ['a setting with a sign', { embedded: { settings: { '-jit': 1 } } }, /a setting's name/],
    ['a start in no time', { embedded: { startTimeout: 0 } }, /database\.embedded\.startTimeout in .* is 0/],
    ['a pattern of variables', { env: 'DB_*' }, /'DB_\*'[\s\S]*only pattern is 'PG\*'/],
    ['a variable with its value', { env: 'A=b' }, /'A=b'[\s\S]*its value is the sandbox's URL/],
    [
      "a URL in a variable's place",
      { env: 'postgres://localhost/shop_test' },
      /'postgres:\/\/localhost\/shop_test'[\s\S]*name only, as the app reads it/,
    ],
    ['a list of packages to swap', { swap: ['pg'] }, /No Postgres driver has to be replaced[\s\S]*env: 'DATABASE_URL'/],
    ['a swap by name', { swap: 'x' }, /a function that is given the sandbox's URL/],
    ['a mistyped driver', { driver: 'built-in' }, /Did you mean 'builtin'\?/],
    ['an unknown clock', { clock: 'statment' }, /Did you mean 'statement'\?/],
    ['an unknown rule for identities', { identities: 'restrat' }, /Did you mean 'restart'\?/],
    ['a later isolation', { isolation: 'database' }, /not available in this version/],
    ['a flag that is text', { allowAnyDatabase: 'yes' }, /true or false/],
  ];
  for (const [name, options, message] of refused) {
    it(`refuses ${name}`, () => expect(() => validate(options)).to.throw(ConfigError, message));
  }

  it('never shows a password', () => {
    const urls = [
      'mysql://ada:secret@h/test',
      'mysql://ada:se:cr@et-secret@h/test',
      'mysql://h/test?password=secret',
      'postgres://ada:secret@a,b/test',
      'host=h password=secret',
    ];
    for (const url of urls) {
      expect(() => validate({ url })).to.throw(ConfigError, /^(?!.*secret)/s);
    }
  });
});
