import { join } from 'node:path';

import { expect } from 'chai';

import { validateConfig } from '#src/config/index.js';
import { ConfigError } from '#src/errors.js';

import { Folder } from './folder.js';

describe('validateConfig', () => {
  let folder: Folder;
  let source: string;
  const at = (name: string): string => join(folder.path, name);
  const sqlite = (more: object = {}): object => ({ database: { engine: 'sqlite', file: ':memory:', ...more } });

  before(() => {
    folder = new Folder({
      'src/app.ts': '',
      'server.js': '',
      'odd#name.js': '',
      'sql/schema.sql': '',
      'sql/seed one.sql': '',
      'data/keep': '',
      'openapi.json': '{"openapi":"3.1.0"}',
      'broken.json': '{',
    });
    source = at('lockstep.config.mjs');
  });

  after(() => folder.remove());

  it('fills the defaults of an empty config', () => {
    expect(validateConfig({}, source)).to.deep.equal({
      source,
      root: folder.path,
      app: undefined,
      databases: [],
      database: undefined,
      bridge: { timeout: undefined, auto: true },
      client: {
        timeout: undefined,
        raiseServerErrors: 'unhandled',
        headers: {},
        baseUrl: undefined,
        followRedirects: true,
        transport: 'memory',
        openapi: undefined,
      },
      queries: { report: true, repeats: 5, nPlusOne: 'hint' },
      leaks: 'warn',
      rollback: 'test',
    });
  });

  it('reads what becomes of the log of statements', () => {
    const queries = (value: unknown): unknown => validateConfig({ queries: value }, source).queries;

    expect(queries({ report: false, repeats: 1, nPlusOne: 'error' })).to.deep.equal({
      report: false,
      repeats: 1,
      nPlusOne: 'error',
    });
    expect(queries({})).to.be.frozen;
    for (const [value, message] of [
      [{ report: 20 }, /^queries\.report in .* is 20\.\n {2}Accepted is true, false or 'full'/],
      [{ repeats: 0 }, /^queries\.repeats in .* is 0\.\n {2}Accepted is a whole number above 0/],
      [{ repeats: 2.5 }, /is 2\.5\./],
      [{ repeats: '5' }, /is '5'\./],
      [{ repeats: false }, /write nPlusOne: 'off'/],
      [{ nPlusOne: 'eror' }, /is 'eror'\.[\s\S]*Did you mean 'error'\?/],
      [{ nplusone: 'off' }, /queries\.nplusone in .* is not a known key[\s\S]*Did you mean queries\.nPlusOne\?/],
      [true, /queries in .* is true; it must be an object/],
    ] as const) {
      expect(() => queries(value)).to.throw(ConfigError, message);
    }
  });

  it('fills the defaults of SQLite', () => {
    expect(validateConfig(sqlite(), source).database).to.deep.equal({
      name: 'main',
      key: 'database',
      label: undefined,
      replicas: [],
      engine: 'sqlite',
      file: ':memory:',
      env: [],
      swap: [],
      schema: undefined,
      seed: undefined,
      isolation: 'rollback',
      foreignKeys: undefined,
      identities: 'restart',
      allowAnyDatabase: false,
      stallTimeout: 500,
      holdTimeout: 10_000,
      drain: 100,
      root: folder.path,
    });
  });

  it('takes a database in memory with a name of its own', () => {
    const file = 'file:cache?mode=memory&cache=shared';
    expect(validateConfig(sqlite({ file }), source).database).to.include({ file });
  });

  it('makes paths absolute and lists of single values', () => {
    const seed = (): void => undefined;
    const config = validateConfig(
      {
        app: './server.js#app',
        ...sqlite({
          file: './data/test.db',
          env: 'DB',
          swap: ['sqlite3', 'sqlite3'],
          schema: './sql/schema.sql',
          seed,
          drain: 0,
        }),
        bridge: { timeout: 10, auto: false },
        client: {
          timeout: 20,
          raiseServerErrors: false,
          headers: { accept: '*/*' },
          baseUrl: 'https://shop.test/api',
          followRedirects: false,
          transport: 'tcp',
        },
      },
      source,
    );

    expect(config.app).to.deep.equal({ kind: 'module', path: at('server.js'), exportName: 'app' });
    expect(config.database).to.include({ file: at('data/test.db'), drain: 0 });
    expect(config.database?.env).to.deep.equal(['DB']);
    expect(config.database?.swap).to.deep.equal(['sqlite3']);
    expect(config.database?.schema).to.deep.equal([{ kind: 'file', path: at('sql/schema.sql') }]);
    expect(config.database?.seed).to.deep.equal([{ kind: 'function', run: seed }]);
    expect(config.bridge).to.deep.equal({ timeout: 10, auto: false });
    expect(config.client).to.deep.equal({
      timeout: 20,
      raiseServerErrors: false,
      headers: { accept: '*/*' },
      baseUrl: 'https://shop.test/api',
      followRedirects: false,
      transport: 'tcp',
      openapi: undefined,
    });
  });

  it('takes files, functions and commands in one list', () => {
    const migrate = (): void => undefined;
    const command = { command: 'npx migrate up', cwd: 'sql', env: { A: '1' }, timeout: 5 };
    const config = validateConfig(sqlite({ schema: [command, 'sql/schema.sql', migrate] }), source);

    expect(config.database?.schema).to.deep.equal([
      { kind: 'command', ...command, cwd: at('sql') },
      { kind: 'file', path: at('sql/schema.sql') },
      { kind: 'function', run: migrate },
    ]);
    expect(validateConfig(sqlite({ schema: { command: 'x' } }), source).database?.schema).to.deep.equal([
      { kind: 'command', command: 'x', cwd: at('.'), env: {}, timeout: 120_000 },
    ]);
  });

  it('takes an app as it is, and does not freeze it', () => {
    const app = { listen: () => undefined };
    const config = validateConfig({ app }, source);
    expect(config.app).to.deep.equal({ kind: 'given', value: app });
    expect(app).not.to.be.frozen;
  });

  it('takes a file with # in its name', () => {
    expect(validateConfig({ app: 'odd#name.js' }, source).app).to.include({ path: at('odd#name.js') });
    expect(validateConfig({ app: 'odd#name.js#x' }, source).app).to.include({ exportName: 'x' });
  });

  it('takes a path with spaces that exists', () => {
    expect(validateConfig(sqlite({ seed: ['sql/seed one.sql'] }), source).database?.seed).to.deep.equal([
      { kind: 'file', path: at('sql/seed one.sql') },
    ]);
  });

  it('takes an OpenAPI document in every form', () => {
    const openapi = (value: unknown): unknown => validateConfig({ client: { openapi: value } }, source).client.openapi;
    const document = { openapi: '3.0.0' };
    const make = (): object => document;
    const name = `client.openapi in ${source}`;

    expect(openapi('./openapi.json')).to.deep.equal({
      name: at('openapi.json'),
      document: { openapi: '3.1.0' },
      undeclared: 'error',
    });
    expect(openapi(document)).to.deep.equal({ name, document, undeclared: 'error' });
    expect(openapi(make)).to.deep.equal({ name, document: make, undeclared: 'error' });
    expect(openapi({ document: make, undeclared: 'ignore' })).to.deep.equal({
      name: `client.openapi.document in ${source}`,
      document: make,
      undeclared: 'ignore',
    });
    expect(openapi(document)).to.be.frozen;
    expect(document).not.to.be.frozen;
  });

  it('treats undefined as left out', () => {
    expect(
      validateConfig({ app: undefined, database: undefined, client: { headers: undefined } }, source),
    ).to.deep.equal(validateConfig({}, source));
  });

  it('freezes deeply, and copies', () => {
    const headers = { a: 'b' };
    const config = validateConfig({ client: { headers }, ...sqlite({ env: ['A'], schema: 'sql/schema.sql' }) }, source);
    const { database, client } = config;
    for (const part of [config, database, client, client.headers, config.bridge, database?.env, database?.swap]) {
      expect(part).to.be.frozen;
    }
    expect(database?.schema).to.be.frozen;
    expect(headers).not.to.be.frozen;
  });

  const refused: [string, () => unknown, RegExp][] = [
    ['a config that is a list', () => [], /The config in .* is \[\]; it must be an object/],
    [
      'an unknown key',
      () => ({ databse: 1 }),
      /databse in .* is not a known key \(its value is 1\)[\s\S]*Did you mean database\?/,
    ],
    [
      'an unknown nested key',
      () => sqlite({ schemas: 'x' }),
      /database\.schemas in .*'x'[\s\S]*Did you mean database\.schema\?/,
    ],
    ['a misplaced key', () => ({ file: 'x' }), /file in .* not a known key[\s\S]*Did you mean database\.file\?/],
    [
      'a key like no other',
      () => ({ zzzzzzzz: 1 }),
      /keys of the config are app, database, databases, bridge, client, queries, leaks, rollback\.[\s\S]*Remove it/,
    ],
    ['a database that is a string', () => ({ database: 'sqlite' }), /database in .* is 'sqlite'; it must be an object/],
    [
      'no engine',
      () => ({ database: { file: ':memory:' } }),
      /database\.engine in .* is undefined[\s\S]*Add engine: 'sqlite'/,
    ],
    [
      'a driver as engine',
      () => sqlite({ engine: 'sqlite3' }),
      /database\.engine in .* is 'sqlite3'[\s\S]*Did you mean 'sqlite'\?/,
    ],
    ['a later engine', () => sqlite({ engine: 'mysql' }), /'mysql'[\s\S]*not available in this version/],
    ['no file', () => ({ database: { engine: 'sqlite' } }), /database\.file in .* is undefined[\s\S]*':memory:'/],
    ['a URI as file', () => sqlite({ file: 'file:x?mode=memory' }), /not a URI/],
    ['a URI of a file as file', () => sqlite({ file: 'file:test.db?cache=shared' }), /not a URI/],
    [
      'a file in a folder that is not there',
      () => sqlite({ file: './dta/test.db' }),
      /The folder .*dta does not exist/,
    ],
    ['a folder as file', () => sqlite({ file: './data' }), /is a folder/],
    ['an env with its value', () => sqlite({ env: ['DB=x'] }), /'DB=x'[\s\S]*name only/],
    ['an env that is a path', () => sqlite({ env: './data.sqlite3' }), /'\.\/data\.sqlite3'[\s\S]*name only/],
    ['an env that is a number', () => sqlite({ env: [5] }), /database\.env in .* is \[ 5 \]/],
    [
      'an unknown driver',
      () => sqlite({ swap: ['sqlite'] }),
      /database\.swap in .* is 'sqlite'[\s\S]*Did you mean 'sqlite3'\?/,
    ],
    ['a driver like no other', () => sqlite({ swap: ['mongodb'] }), /'mongodb'[\s\S]*npm package/],
    ...['snapshot', 'database', 'truncate'].map((isolation): [string, () => unknown, RegExp] => [
      `isolation ${isolation}`,
      () => sqlite({ isolation }),
      new RegExp(`isolation in .* is '${isolation}'[\\s\\S]*not available in this version`),
    ]),
    ['an unknown isolation', () => sqlite({ isolation: 'rolback' }), /Did you mean 'rollback'\?/],
    [
      "SQLite's counters kept",
      () => sqlite({ identities: 'keep' }),
      /database\.identities in .* is 'keep'[\s\S]*sqlite_sequence[\s\S]*Leave the key out/,
    ],
    ['an unknown rule for identities', () => sqlite({ identities: 'anew' }), /'anew'[\s\S]*'restart'/],
    [
      'a flag that is text',
      () => sqlite({ foreignKeys: 'yes' }),
      /database\.foreignKeys in .* is 'yes'[\s\S]*true or false/,
    ],
    ['a timeout of 0', () => sqlite({ stallTimeout: 0 }), /database\.stallTimeout in .* is 0[\s\S]*above 0/],
    [
      'a timeout that is text',
      () => ({ bridge: { timeout: '5s' } }),
      /bridge\.timeout in .* is '5s'[\s\S]*milliseconds/,
    ],
    ['an endless timeout', () => ({ client: { timeout: Infinity } }), /client\.timeout in .* is Infinity/],
    ['a timeout that is no number', () => ({ client: { timeout: NaN } }), /client\.timeout in .* is NaN/],
    ['a negative drain', () => sqlite({ drain: -1 }), /database\.drain in .* is -1[\s\S]*from 0/],
    ['a wrong choice', () => ({ client: { raiseServerErrors: 'unhandeld' } }), /Did you mean 'unhandled'\?/],
    ['a transport', () => ({ client: { transport: 'tpc' } }), /Did you mean 'tcp'\?/],
    ['a base URL without slash', () => ({ client: { baseUrl: 'api' } }), /client\.baseUrl .* is 'api'/],
    ['a choice of the wrong type', () => ({ client: { raiseServerErrors: true } }), /'unhandled', '5xx' or false/],
    [
      'a header that is a number',
      () => ({ client: { headers: { a: 1 } } }),
      /client\.headers\.a in .* is 1[\s\S]*a string/,
    ],
    ['headers in a list', () => ({ client: { headers: ['a'] } }), /client\.headers in/],
    [
      'an OpenAPI document that is a number',
      () => ({ client: { openapi: 3 } }),
      /client\.openapi in .* is 3[\s\S]*JSON file/,
    ],
    [
      'an OpenAPI document in YAML',
      () => ({ client: { openapi: 'api.yaml' } }),
      /'api\.yaml'[\s\S]*only JSON[\s\S]*from 'yaml'/,
    ],
    [
      'an OpenAPI document that is not there',
      () => ({ client: { openapi: 'opnapi.json' } }),
      /Did you mean '.*openapi\.json'\?/,
    ],
    [
      'an OpenAPI document that is not JSON',
      () => ({ client: { openapi: 'broken.json' } }),
      /broken\.json, which is not JSON/,
    ],
    [
      'OpenAPI options without a document',
      () => ({ client: { openapi: {} } }),
      /client\.openapi\.document in .* is undefined/,
    ],
    [
      'an unknown OpenAPI option',
      () => ({ client: { openapi: { document: 'openapi.json', undeclard: 'ignore' } } }),
      /Did you mean client\.openapi\.undeclared\?/,
    ],
    [
      'an unknown value of an OpenAPI option',
      () => ({ client: { openapi: { document: 'openapi.json', undeclared: 'ignor' } } }),
      /Did you mean 'ignore'\?/,
    ],
    ['an app that is a number', () => ({ app: 5 }), /app in .* is 5/],
    ['an app that is null', () => ({ app: null }), /app in .* is null/],
    [
      'an app whose extension is wrong',
      () => ({ app: './src/app.js' }),
      /does not exist[\s\S]*Did you mean '\.\/src\/app\.ts'\?/,
    ],
    [
      'an app whose name is mistyped',
      () => ({ app: './sever.js#app' }),
      /is '\.\/sever\.js#app', but .*sever\.js does not exist[\s\S]*Did you mean '\.\/server\.js#app'\?/,
    ],
    ['an app in a folder that is not there', () => ({ app: './scr/app.js' }), /The folder .*scr does not exist/],
    ['an app that is a folder', () => ({ app: './src' }), /src is not a file/],
    [
      'a schema that is not there',
      () => sqlite({ schema: './sql/shema.sql' }),
      /database\.schema in[\s\S]*Did you mean '\.\/sql\/schema\.sql'\?/,
    ],
    [
      'one of several seeds',
      () => sqlite({ seed: ['sql/schema.sql', 'nix.sql'] }),
      /database\.seed in .* is 'nix\.sql'[\s\S]*No file beside it/,
    ],
    [
      'SQL as schema',
      () => sqlite({ schema: 'create table a (id integer)' }),
      /looks like SQL[\s\S]*Give a \.sql file's path or a function/,
    ],
    ['code as seed', () => sqlite({ seed: './seed.ts' }), /names code[\s\S]*function itself/],
    ['a schema that is an object', () => sqlite({ schema: {} }), /database\.schema in .* is \{\}/],
    [
      'a command as a path',
      () => sqlite({ schema: 'npx migrate up' }),
      /like a command.*\n.*\{ command: 'npx migrate up' \}/,
    ],
    ['a command without text', () => sqlite({ schema: { command: '' } }), /database\.schema\.command in .* is ''/],
    [
      'a command in no folder',
      () => sqlite({ schema: [{ command: 'x', cwd: './no' }] }),
      /schema\[0\]\.cwd .*\n.*is none/,
    ],
    [
      'a command with a number',
      () => sqlite({ schema: { command: 'x', env: { A: 1 } } }),
      /schema\.env in .* \{ A: 1 \}/,
    ],
    [
      'a command with more',
      () => sqlite({ schema: { command: 'x', inputs: [] } }),
      /schema\.inputs in .* not a known key/,
    ],
    [
      'a command in a seed of SQLite',
      () => sqlite({ seed: { command: 'x' } }),
      /database\.seed in [\s\S]*beginning of schema/,
    ],
    [
      'a command behind a file of SQLite',
      () => sqlite({ schema: ['sql/schema.sql', { command: 'x' }] }),
      /database\.schema in [\s\S]*beginning of schema/,
    ],
  ];
  for (const [name, config, message] of refused) {
    it(`refuses ${name}`, () => {
      expect(() => validateConfig(config(), source)).to.throw(ConfigError, message);
    });
  }

  it('suggests a path outside the folder of the config as it would be written there', () => {
    const config = { app: '../sever.js' };
    expect(() => validateConfig(config, at('sql/lockstep.config.mjs'))).to.throw(
      ConfigError,
      /Did you mean '\.\.\/server\.js'\?/,
    );
  });

  it('shortens long values', () => {
    const long = 'x'.repeat(5000);
    expect(() => validateConfig({ zzzzzzzz: long }, source)).to.throw(ConfigError, /'x{79}…/);
    expect(() => validateConfig({ app: long }, source)).to.throw(ConfigError, /app in .* is 'x{79}…, but/);
  });
});
