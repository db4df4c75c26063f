import { existsSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { expect } from 'chai';

import { EngineMissingError, ServerError } from '#src/errors.js';
import { connectUpstream, openServer, type Server, type Upstream } from '#src/engine/postgres/server/index.js';

import { rejection } from '../../../unit/config/folder.js';
import { ask, connectAndAsk } from './queries.js';
import { eventually, gone, isAlive, keeperOf, postmasterOf, root, runOf, soon, Temporary } from './temporary.js';
import { Worker } from './worker.js';

describe('the embedded server', function () {
  this.timeout(60_000);
  let temporary: Temporary;
  const open = (embedded: object = {}): Promise<Server> => openServer({ root, embedded });
  const processesOf = (run: string): number[] => [keeperOf(run), postmasterOf(run)];

  before(() => (temporary = new Temporary()));
  after(() => temporary.remove());

  afterEach('nothing is left behind', () => {
    expect(temporary.names('claims')).to.deep.equal([]);
    expect(temporary.names('runs')).to.deep.equal([]);
    expect(
      temporary.names('cache').filter((name) => !/^(cluster|binaries|version)-[\da-f]+$/.test(name)),
    ).to.deep.equal([]);
  });

  it('starts, and is gone when it is stopped', async () => {
    const server = await open();
    const run = runOf(server.upstream.host);
    const processes = processesOf(run);

    expect(await connectAndAsk(server.upstream, 'select current_database()')).to.equal('lockstep_test_w1');
    // That of the cluster, under another name.
    expect(await ask(server.upstream, "select count(*) from pg_database where datname like 'lockstep%'")).to.equal('1');
    expect(await ask(server.upstream, "select current_setting('fsync')")).to.equal('off');
    expect(statSync(server.upstream.host).mode & 0o777).to.equal(0o700);
    expect(processes.every(isAlive)).to.equal(true);

    await server.stop();
    await server.stop();
    await gone(run, processes);
  });

  it('gives each who opens it a database, and ends with the last', async () => {
    const [one, two] = await Promise.all([open(), open()]);
    const run = runOf(one.upstream.host);

    expect(two.upstream.host).to.equal(one.upstream.host);
    expect([one, two].map(({ upstream }) => upstream.database)).to.have.members([
      'lockstep_test_w1',
      'lockstep_test_w2',
    ]);

    const processes = processesOf(run);
    await one.stop();
    expect(await ask(two.upstream, 'select 1')).to.equal(1);
    await two.stop();
    await gone(run, processes);
  });

  it('is shared by the workers of a run, who may all be first', async () => {
    const workers = Array.from({ length: 4 }, () => new Worker({ shared: true }));
    const upstreams = await Promise.all(workers.map((worker) => worker.upstream()));
    const [first] = upstreams;
    const run = runOf(first?.host ?? '');

    expect(new Set(upstreams.map(({ host }) => host))).to.have.property('size', 1);
    expect(new Set(upstreams.map(({ database }) => database))).to.have.property('size', 4);
    const processes = processesOf(run);
    await Promise.all(workers.map((worker) => worker.stop()));
    await gone(run, processes);
  });

  it('is not shared by runs, who may all be first to prepare the cluster', async () => {
    rmSync(join(temporary.shared, 'cache'), { recursive: true, force: true });
    const workers = Array.from({ length: 3 }, () => new Worker());
    const upstreams = await Promise.all(workers.map((worker) => worker.upstream()));
    const runs = upstreams.map(({ host }) => runOf(host));

    expect(new Set(runs)).to.have.property('size', 3);
    expect(temporary.names('cache').filter((name) => name.startsWith('cluster-'))).to.have.length(1);
    const processes = runs.flatMap(processesOf);
    await Promise.all(workers.map((worker) => worker.stop()));
    for (const run of runs) await gone(run, processes);
  });

  it('ends when the run is killed', async () => {
    const worker = new Worker();
    const run = runOf((await worker.upstream()).host);
    const processes = processesOf(run);

    await worker.kill('SIGKILL');
    await gone(run, processes);
  });

  it('ends when the run ends without stopping it, and does not hold it up', async () => {
    const worker = new Worker({ stays: false });
    const run = runOf((await worker.upstream()).host);

    await worker.ended;
    await gone(run, [keeperOf(run)]);
  });

  it('outlives a killed worker as long as there is another one', async () => {
    const [one, two] = [new Worker({ shared: true }), new Worker({ shared: true })];
    const [upstream] = await Promise.all([one.upstream(), two.upstream()]);
    const run = runOf(upstream.host);
    const processes = processesOf(run);

    await one.kill();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await ask(upstream, 'select 1')).to.equal(1);
    await two.kill();
    await gone(run, processes);
  });

  const moments: [string, (run: string) => boolean][] = [
    ['its keeper listens', (run) => existsSync(run)],
    ['its data is copied', (run) => existsSync(join(run, 'data', 'PG_VERSION'))],
    ['the server starts', (run) => existsSync(join(run, 'data', 'postmaster.pid'))],
  ];
  for (const [moment, isReached] of moments) {
    it(`ends when the run is killed as soon as ${moment}`, async () => {
      const worker = new Worker();
      let run = '';
      await soon(moment, () => (run = claimedRun(temporary) ?? '') !== '' && isReached(run));
      const keeper = keeperOf(run);

      await worker.kill();
      await gone(run, [keeper, ...serversIn(run)]);
    });
  }

  it('of a killed keeper ends when its run is stopped', async () => {
    const server = await open();
    const run = runOf(server.upstream.host);
    const [keeper = 0, postmaster = 0] = processesOf(run);

    process.kill(keeper, 'SIGKILL');
    await eventually('the keeper ends', () => !isAlive(keeper));
    expect(await ask(server.upstream, 'select 1')).to.equal(1);
    await server.stop();
    await gone(run, [postmaster]);

    // Its claim stays until somebody wants it.
    await (await open()).stop();
  });

  it('of a dead run is removed by the next start, that of a living one is not', async () => {
    const [living, dead] = [new Worker(), new Worker()];
    const [kept, lost] = (await Promise.all([living.upstream(), dead.upstream()])).map(({ host }) => runOf(host));
    const [keeper = 0, postmaster = 0] = processesOf(lost ?? '');

    process.kill(keeper, 'SIGKILL');
    await dead.kill();
    await eventually('the keeper ends', () => !isAlive(keeper));
    expect(isAlive(postmaster)).to.equal(true);

    const server = await open();
    await gone(lost ?? '', [postmaster]);
    expect(isAlive(postmasterOf(kept ?? ''))).to.equal(true);
    await Promise.all([server.stop(), living.stop()]);
    await eventually('the dead claim is all that is left', () => temporary.names('claims').length <= 1);
    rmSync(join(temporary.shared, 'claims'), { recursive: true });
  });

  it('ends when it is told to by a signal', async () => {
    const server = await open();
    const run = runOf(server.upstream.host);
    const processes = processesOf(run);

    process.kill(keeperOf(run), 'SIGTERM');
    await gone(run, processes);
    await server.stop();
  });

  it('is made anew when its prepared cluster has been damaged', async () => {
    await (await open()).stop();
    const [cluster = ''] = temporary.names('cache').filter((name) => name.startsWith('cluster-'));
    rmSync(join(temporary.shared, 'cache', cluster, 'global'), { recursive: true });

    const server = await open();
    expect(await ask(server.upstream, 'select 1')).to.equal(1);
    await server.stop();
  });

  it('takes settings, which win over its own', async () => {
    const server = await open({ settings: { timezone: 'Europe/Vienna', fsync: 'on' } });

    expect(await ask(server.upstream, "select current_setting('timezone')")).to.equal('Europe/Vienna');
    expect(await ask(server.upstream, "select current_setting('fsync')")).to.equal('on');
    await server.stop();
  });

  it('asks for a password where it listens on the loopback interface', async () => {
    const server = await open({ transport: 'tcp' });
    const without: Upstream = { ...server.upstream };
    delete (without as { password?: string }).password;

    expect(server.upstream.host).to.equal('127.0.0.1');
    expect(await connectAndAsk(server.upstream, 'select 1')).to.equal('1');
    expect(await rejection(connectUpstream({ ...without, password: 'guess' }))).to.match(/refuses the login.*28P01/);
    expect(await rejection(connectUpstream(without))).to.match(/asks for a password, and none was given/);
    await server.stop();
  });

  it('says with its log why it does not start', async () => {
    const error = await rejection(open({ settings: { shared_preload_libraries: 'no_such_library' } }));

    expect(error).to.be.instanceOf(ServerError);
    expect(error.message).to.match(
      /does not start\.\n.*its log says:\n\s+.*no_such_library[^]*database\.embedded\.settings/,
    );
    expect(error.message.match(/LOCKSTEP_SERVER/g)).to.have.length(1);
  });

  it('says what it was busy with when its start takes too long', async () => {
    expect(await rejection(open({ startTimeout: 1 }))).to.match(/did not start within 1 ms\.\n.*busy with: [a-z ]+/);
  });

  it('says which locale the machine lacks', async () => {
    expect(await rejection(open({ locale: 'tlh_QO.UTF-8' }))).to.match(/initdb[^]*invalid locale[^]*locale -a/);
  });

  it('says what to install where there are no binaries', async () => {
    const error = await rejection(open({ binaries: temporary.path }));

    expect(error).to.be.instanceOf(EngineMissingError);
    expect(error.message).to.match(/does not hold initdb and postgres[^]*pg_config --bindir/);
  });

  it('refuses a shared folder that is not ours', async () => {
    const other = new Temporary();
    try {
      writeFileSync(other.shared, '');
      expect(await rejection(open())).to.match(/EEXIST|is not a folder of the user who runs the tests/);
    } finally {
      other.remove();
    }
  });

  // Only root may become somebody else.
  if (process.getuid?.() === 0) {
    it('runs for a user who is not root', async () => {
      const nobody = 65_534;
      const worker = new Worker({ uid: nobody, env: { TMPDIR: '/tmp', HOME: '/nonexistent' } });
      const run = runOf((await worker.upstream()).host);
      const processes = processesOf(run);

      expect(statSync(run).uid).to.equal(nobody);
      await worker.stop();
      await gone(run, processes);
    });
  }
});

/** The folder of the only run that there is. */
function claimedRun(temporary: Temporary): string | undefined {
  const [claim] = temporary.names('claims').filter((name) => !name.includes('.'));
  return claim && dirname(readFileSync(join(temporary.shared, 'claims', claim), 'utf8'));
}

/** The processes that work in a run's data folder; none where the system does not tell. */
function serversIn(run: string): number[] {
  if (!existsSync('/proc/self/cwd')) return [];
  const ids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return ids.filter((id) => folderOf(id).startsWith(run)).map(Number);
}

function folderOf(id: string): string {
  try {
    return readlinkSync(`/proc/${id}/cwd`);
  } catch {
    return '';
  }
}
