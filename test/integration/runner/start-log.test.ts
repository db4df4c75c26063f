import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import module from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { fixture, runMocha } from '../run-mocha.js';

const folder = fixture('start-log');

/** What of a start takes how long, and what is no part of it. */
describe('the start of a run', function () {
  this.timeout(60_000);

  const PHASES: Readonly<Record<string, readonly RegExp[]>> = {
    sqlite: [],
    postgres: [
      /the process that keeps the server has started/,
      /the server runs: .* \d+ ms, starting postgres \d+ ms/,
      /it has an empty database/,
    ],
  };
  for (const [DATABASE, own] of Object.entries(PHASES)) {
    it(`is told phase by phase with LOCKSTEP_DEBUG=start: ${DATABASE}`, async () => {
      const run = await runMocha(folder, ['tests.mjs'], { env: { DATABASE, LOCKSTEP_DEBUG: 'start' }, limit: 50_000 });

      const lines = run.stderr.trimEnd().split('\n');
      const wanted = [
        /Node and the test runner have started/,
        /lockstep\/mocha was loaded/,
        /the config was read/,
        /what the config needs was loaded/,
        /the app is led to the databases/,
        ...own,
        /main was opened/,
        /schema and seed of main are in/,
        /mocha is about to load the test files/,
        /the test files were loaded/,
        /the first test may begin/,
        /the tests are over/,
        /app and databases have stopped/,
        /the process ends/,
      ];
      expect(lines, run.stderr).to.have.length(wanted.length);
      for (const [index, text] of wanted.entries()) {
        expect(lines[index])
          .to.match(/^\[lockstep start\] +\d+ ms +\+\d+ {2}/)
          .and.match(text);
      }
    });
  }

  const UNUSED = ['ws', 'tough-cookie', 'finalhandler', 'supertest', 'http2', 'http', 'inspector'];
  it('loads nothing that the run does not use: sqlite', async () => {
    const used = await loaded('sqlite', 'rows.mjs');
    expect(used).to.include('better-sqlite3');
    for (const name of ['pg', 'pg-types', 'pg-protocol', 'pgpass', ...UNUSED]) expect(used).not.to.include(name);
  });

  it('loads nothing that the run does not use: postgres', async () => {
    const empty = await loaded('postgres', 'tests.mjs');
    expect(empty).to.include('pg');
    // On Node 20 pg itself looks for `Response`, with which Node loads its HTTP.
    const unused = UNUSED.filter((name) => !name.startsWith('http'));
    for (const name of ['better-sqlite3', 'pgpass', ...unused]) expect(empty).not.to.include(name);
  });

  async function loaded(DATABASE: string, file: string): Promise<string[]> {
    const args = ['--require', './loaded.cjs', '--require', 'lockstep/mocha'];
    const run = await runMocha(folder, [file], { args, env: { DATABASE }, limit: 50_000 });

    expect(run.failed, run.stdout + run.stderr).to.deep.equal([]);
    return JSON.parse(/^loaded: (.*)$/m.exec(run.stderr)?.[1] ?? '') as string[];
  }

  it("leaves what was compiled in Node's cache, where Node has one, unless that is switched off", async () => {
    const cache = mkdtempSync(join(tmpdir(), 'lockstep-cache-'));
    try {
      const has = 'enableCompileCache' in module;
      const kept = async (env: Record<string, string>): Promise<boolean> => {
        await runMocha(folder, ['tests.mjs'], { env: { TMPDIR: cache, DATABASE: 'sqlite', ...env } });
        const place = join(cache, 'node-compile-cache');
        return existsSync(place) && readdirSync(place).length > 0;
      };

      expect(await kept({ NODE_DISABLE_COMPILE_CACHE: '1' })).to.equal(false);
      expect(await kept({ NODE_V8_COVERAGE: join(cache, 'coverage') })).to.equal(false);
      expect(await kept({})).to.equal(has);
    } finally {
      rmSync(cache, { recursive: true });
    }
  });
});
