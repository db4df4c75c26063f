import { createServer, connect, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import pg from 'pg';
import { newDatabase } from '../postgres/server.js';
import { inLongRun } from '../long-run.js';
import { fixture, runMocha } from '../run-mocha.js';

const folder = fixture('other-postgres');
const HINT = /The app has not reached the config's database in this run\./;
const ELSEWHERE = /The app has not reached the config's database in this run, but it has connected to /;
const WRITES = ['writes by a request', 'writes by a service', 'writes by a request whose errors are handled'];

describe('an app that does not reach the Postgres database of the config', function () {
  this.timeout(90_000);

  /** Leads from a port to the socket of the tests' server, which listens on no port. */
  let forwarder: Server;
  let url: string;
  let direct: pg.ClientConfig;

  before(async () => {
    direct = await newDatabase('developer');
    const socket = join(String(direct.host), `.s.PGSQL.${direct.port}`);
    forwarder = createServer((near) => {
      const far = connect(socket);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const)
        one.pipe(other).on('error', () => one.destroy());
    });
    await new Promise<void>((resolve) => forwarder.listen(0, '127.0.0.1', resolve));
    url = `postgres://${direct.user}@127.0.0.1:${(forwarder.address() as AddressInfo).port}/developer`;
    await ask('create table notes (title text)');
  });

  after(() => void forwarder.close());

  async function ask(sql: string): Promise<number> {
    const client = new pg.Client(direct);
    await client.connect();
    const { rowCount } = await client.query(sql);
    await client.end();
    return rowCount ?? 0;
  }

  for (const [way, remedy] of [
    ['another name', /database\.env sets DATABASE_URL: name the variable that the app takes its URL from/],
    ['another name than the migrations', /database\.env sets DATABASE_URL: name the variable/],
    ['no name', /database\.env names no variable/],
    ['a function', /database\.swap is given the URL/],
  ] as const) {
    it(`and writes for real is told so at the end of the run: ${way}`, async () => {
      const run = await runMocha(folder, ['notes.mjs'], { env: { WAY: way, APP_URL: url }, limit: 60_000 });

      expect(run.passed, run.stdout + run.stderr).to.deep.equal(WRITES);
      expect(run.stderr).to.match(/LOCKSTEP_OTHER_DATABASE.*never reached the config's database, but it has connected/);
      expect(run.stderr).to.include(new URL(url).host).and.match(remedy);
      expect(run.find('fails otherwise').err.stack).to.match(ELSEWHERE).and.match(remedy);
      expect(await ask('delete from notes')).to.equal(3);
    });

    if (!inLongRun(['another name', 'a function'], [way]).includes(way)) continue;
    it(`and finds no server is told so by the failure: ${way}`, async () => {
      const APP_URL = 'postgres://127.0.0.1:1/developer';
      const run = await runMocha(folder, ['notes.mjs'], { env: { WAY: way, APP_URL }, limit: 60_000 });

      expect(run.failed, run.stdout + run.stderr).to.have.length(4);
      for (const title of WRITES) expect(run.find(title).err.stack).to.match(HINT).and.match(remedy);
      expect(run.find('fails otherwise').err.stack).not.to.match(HINT);
      expect(run.stderr).to.equal('');
    });
  }

  for (const [way, given] of [
    ['a port', () => url],
    ['a Unix socket', () => `postgres://${direct.user}@/developer?host=${direct.host}&port=${direct.port}`],
    ['an encrypted connection that is refused', () => `${url}?sslmode=require`],
  ] as const) {
    it(`and has closed its connections by then is told so all the same: ${way}`, async () => {
      const APP_URL = given();
      const run = await runMocha(folder, ['closes.mjs'], { env: { WAY: 'another name', APP_URL }, limit: 60_000 });
      const address = way === 'a Unix socket' ? `${direct.host}/.s.PGSQL.${direct.port}` : new URL(url).host;

      expect(run.stderr)
        .to.match(/LOCKSTEP_OTHER_DATABASE.*never reached the config's database/)
        .and.include(address);
      expect(run.find('fails behind that').err.stack).to.match(ELSEWHERE).and.include(address);
      await ask('delete from notes');
    });
  }

  for (const host of ['in-thread', 'worker']) {
    it(`is not spoken of where there is no app, and no Postgres beside the sandbox: ${host}`, async () => {
      const env = { WAY: 'another name', APP_URL: url, SANDBOX_HOST: host, PGPORT: new URL(url).port };
      const run = await runMocha(folder, ['apart.mjs'], { env, limit: 60_000 });

      expect(run.failed, run.stdout + run.stderr).to.deep.equal(['fails on its own']);
      expect(run.stderr).to.equal('');
      expect(run.find('fails on its own').err.stack).not.to.match(/has not reached/);
    });
  }

  it('is not spoken of where the app reaches it', async () => {
    const run = await runMocha(folder, ['notes.mjs'], { env: { WAY: 'the right name', APP_URL: url }, limit: 60_000 });

    expect(run.passed, run.stdout + run.stderr).to.deep.equal(WRITES);
    expect(run.stderr).to.equal('');
    expect(run.stdout).not.to.match(/has not reached/);
    expect(await ask('delete from notes')).to.equal(0);
  });
});
