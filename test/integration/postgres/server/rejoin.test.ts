import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { blockedHost, loadEngine, type LoadedEngine } from '#src/engine/index.js';
import { WorkerSandbox } from '#src/engine/postgres/relay/hosts/worker/sandbox.js';
import { failureOf } from '../../../contract/sandbox/scene.js';
import { gone, keeperOf, postmasterOf, root, runOf, Temporary } from './temporary.js';

/** Longer than a server without members used to stay. */
const PAUSE = 5_000;

describe('the embedded server of a relay whose thread has ended', function () {
  this.timeout(60_000);
  let temporary: Temporary;
  let engine: LoadedEngine;
  let withdraw: () => void;
  let sandbox: WorkerSandbox;
  let run: string;

  before(() => (temporary = new Temporary()));
  after(() => temporary.remove());

  const text = (sql: string): string => String(Object.values(sandbox.session.execute(sql).rows[0] ?? {})[0]);
  const begin = (title: string): void => sandbox.begin({ kind: 'test', title });

  beforeEach(async () => {
    engine = await loadEngine({
      engine: 'postgres',
      url: undefined,
      embedded: {},
      env: [],
      swap: undefined,
      user: undefined,
      clock: 'statement',
      driver: 'builtin',
      host: 'worker',
      allowAnyDatabase: false,
      stallTimeout: 500,
      holdTimeout: 5_000,
      root,
    });
    withdraw = engine.prepare();
    sandbox = (await engine.open(blockedHost)) as WorkerSandbox;
    expect(sandbox).to.be.instanceOf(WorkerSandbox);
    sandbox.session.script('create table made (name text); insert into made values (1)');
    run = runOf(text('show unix_socket_directories'));
    begin('the first');
    expect(text('select count(*) from made')).to.equal('1');
    sandbox.end();
  });

  it('waits for the next, however long its process stands still', async () => {
    await sandbox.link.kill();
    // The thread that would start the next is stopped, blocked, or at a breakpoint.
    await sleep(PAUSE);
    begin('the second');
    expect(text('select count(*) from made')).to.equal('1');
    sandbox.end();

    const processes = [keeperOf(run), postmasterOf(run)];
    sandbox.close();
    await gone(run, processes);
    withdraw();
  });

  it('gives it its database also when the process that keeps it stands still meanwhile', async () => {
    const keeper = keeperOf(run);
    process.kill(keeper, 'SIGSTOP');
    // This thread will be blocked.
    spawn('sh', ['-c', `sleep ${PAUSE / 1000}; kill -CONT ${keeper}`]);
    await sandbox.link.kill();
    begin('the second');
    expect(text('select count(*) from made')).to.equal('1');
    sandbox.end();

    const processes = [keeper, postmasterOf(run)];
    sandbox.close();
    await gone(run, processes);
    withdraw();
  });

  it('is not replaced by an empty one where it is gone: each scope says so', async () => {
    const processes = [keeperOf(run), postmasterOf(run)];
    for (const pid of processes) process.kill(pid, 'SIGKILL');
    await sandbox.link.kill();
    for (const title of ['the second', 'the third']) {
      const error = await failureOf(() => begin(title));
      expect(error).to.have.property('code', 'LOCKSTEP_SERVER');
      expect(error.message).to.contain('The server for the tests has ended, and the database of this process with it.');
    }
    sandbox.close();
    withdraw();
  });

  it('is another one in the next run of the same process', async () => {
    const processes = [keeperOf(run), postmasterOf(run)];
    sandbox.close();
    await gone(run, processes);

    sandbox = (await engine.open(blockedHost)) as WorkerSandbox;
    expect(text("select count(*) from pg_class where relname = 'made'")).to.equal('0');
    sandbox.close();
    withdraw();
  });
});
