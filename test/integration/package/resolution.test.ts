import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import ts from 'typescript';
import { inLongRun } from '../long-run.js';
import { mochaProgram } from '../run-mocha.js';

const root = dirname(fileURLToPath(import.meta.resolve('lockstep/package.json')));
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

type Project = readonly [name: string, type: 'commonjs' | 'module', options: object];
/** Kinds of TypeScript projects, by what their compiler is told. */
const PROJECTS: readonly Project[] = [
  [
    'CommonJS, node10',
    'commonjs',
    { module: 'commonjs', moduleResolution: 'node10', ignoreDeprecations: '6.0', esModuleInterop: true },
  ],
  ['ES modules, nodenext', 'module', { module: 'nodenext' }],
];
/** The same, by a compiler that finds the package's types as in one of those. */
const MORE_PROJECTS: readonly Project[] = [
  ['CommonJS, node16', 'commonjs', { module: 'node16' }],
  ['ES modules, node10', 'module', { module: 'es2022', moduleResolution: 'node10', ignoreDeprecations: '6.0' }],
  ['CommonJS, bundler', 'commonjs', { module: 'preserve', moduleResolution: 'bundler' }],
  ['ES modules, bundler', 'module', { module: 'esnext', moduleResolution: 'bundler' }],
];

const CONFIG = `
import { defineConfig } from 'lockstep';

export default defineConfig({
  app: (_request: unknown, response: { end(text: string): void }) => response.end('ok'),
  database: { engine: 'sqlite', file: ':memory:', schema: [({ session, url }) => session.exec('create table t (n integer) -- ' + url)] },
});
`;

const TEST = `
import { expect } from 'chai';
import { client, session, sync, type AsyncClient, type Response, type Session } from 'lockstep';
import { manual } from 'lockstep/mocha';
import request, { agent } from 'lockstep/supertest';
import lockstepChai from 'lockstep/chai';
import Database from 'lockstep/drivers/better-sqlite3';
import sqlite3 from 'lockstep/drivers/sqlite3';

const user: AsyncClient = client.as({ auth: 'ann' }).async;
const app = (_request: unknown, response: { end(text: string): void }): void => response.end('ok');

it('runs', () => {
  const answer: Response<string> = client.get<string>('/').expect(200);
  const rows: Session = session;
  const [one, two]: [number, string] = sync.all(Promise.resolve(1), () => 'two');
  const database = new Database(':memory:');

  rows.insert('t', { n: one });
  expect(answer.text + request(app).get('/').expect(200).text + two).to.equal('okoktwo');
  expect(rows.get<{ n: number }>('select n from t')).to.deep.equal({ n: 1 });
  expect(client.get('/')).to.have.status(200);
  expect([typeof manual, typeof agent, typeof lockstepChai, typeof user.get, typeof sqlite3.verbose]).to.deep.equal(
    Array.from({ length: 5 }, () => 'function'),
  );
  database.close();
  // @ts-expect-error a wrong type is found, so the types are
  const wrong: number = client.get('/').text;
  void wrong;
});
`;

describe('the types of the package', function () {
  this.timeout(120_000);

  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lockstep-types-'));
    mkdirSync(join(folder, 'node_modules'));
    for (const name of ['chai', '@types', 'typescript', 'supertest', 'better-sqlite3'])
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
    symlinkSync(root, join(folder, 'node_modules', 'lockstep'), 'junction');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write(name: string, text: string): void {
    writeFileSync(join(folder, name), text);
  }

  for (const [name, type, options] of inLongRun(PROJECTS, MORE_PROJECTS)) {
    it(`are found, and its tests run: ${name}`, () => {
      write('package.json', JSON.stringify({ type, private: true }));
      write('lockstep.config.ts', CONFIG);
      write('ok.test.ts', TEST);
      write(
        'tsconfig.json',
        JSON.stringify({
          compilerOptions: {
            ...options,
            target: 'es2022',
            strict: true,
            noEmit: true,
            skipLibCheck: false,
            // Those of TypeScript itself, which are none of ours.
            skipDefaultLibCheck: true,
            types: ['node', 'mocha'],
          },
        }),
      );
      const checked = spawnSync(process.execPath, [tsc, '-p', '.'], { cwd: folder, encoding: 'utf8' });
      // chai 6 is of ES modules alone, and a project of CommonJS modules that checks it needs an older one.
      expect(checked.stdout.split('\n').filter((line) => line !== '' && !/TS1479|'chai'|^  /.test(line))).to.deep.equal(
        [],
      );

      const module = type === 'commonjs' ? ts.ModuleKind.CommonJS : ts.ModuleKind.ES2022;
      for (const [source, text] of [
        ['lockstep.config', CONFIG],
        ['ok.test', TEST],
      ] as const) {
        const compiled = ts.transpileModule(text, {
          compilerOptions: { module, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
        });
        rmSync(join(folder, `${source}.ts`));
        write(`${source}.js`, compiled.outputText);
      }
      const args = [mochaProgram(), '--no-config', '--require', 'lockstep/mocha', '--timeout', '20000', 'ok.test.js'];
      const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
      expect(run.stdout, run.stdout + run.stderr).to.match(/1 passing/);
    });
  }
});
