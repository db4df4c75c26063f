import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { Logger, quickAddJob, run, runMigrations, runOnce, type TaskList } from 'graphile-worker';
import PgBoss from 'pg-boss';
import { inEveryPlace } from './in-every-place.js';

interface Mail {
  readonly to: string;
}

inEveryPlace('queues', (here) => {
  /** Waits until as many mails were sent; the test's own deadline ends the wait. */
  const sent = async (mails: readonly string[], count: number): Promise<readonly string[]> => {
    while (mails.length < count) await setTimeout(5);
    return mails.toSorted();
  };

  it('pg-boss installs itself, sends and works', async () => {
    const boss = new PgBoss({ connectionString: here.place.url, max: 3, schedule: false });
    const errors: unknown[] = [];
    const mails: string[] = [];
    boss.on('error', (error) => errors.push(error));
    await boss.start();
    await boss.createQueue('mail');
    await boss.send('mail', { to: 'ada' });
    await boss.insert([
      { name: 'mail', data: { to: 'grace' } },
      { name: 'mail', data: { to: 'joan' } },
    ]);
    const [job] = await boss.fetch<Mail>('mail');
    expect(job!.data).to.have.property('to');
    await boss.fail('mail', job!.id);

    await boss.work<Mail>('mail', { pollingIntervalSeconds: 0.5, batchSize: 5 }, async (jobs) => {
      for (const { data } of jobs) mails.push(data.to);
      await Promise.resolve();
    });
    expect(await sent(mails, 3)).to.deep.equal(['ada', 'grace', 'joan']);
    await boss.stop({ graceful: true, timeout: 1000, wait: true });

    expect(errors).to.deep.equal([]);
    expect(await here.place.rows("select count(*)::int as n from pgboss.job where state = 'completed'")).to.deep.equal([
      { n: 3 },
    ]);
    if (here.kind === 'sandbox')
      expect(await here.afterwards("select 1 from pg_namespace where nspname = 'pgboss'")).to.deep.equal([]);
  }).timeout(20_000);

  it('graphile-worker installs itself, adds and works', async () => {
    const mails: string[] = [];
    const taskList: TaskList = {
      mail: (payload) => void mails.push((payload as Mail).to),
    };
    const logger = new Logger(() => () => undefined);
    const shared = { connectionString: here.place.url, logger };

    await runMigrations(shared);
    await quickAddJob(shared, 'mail', { to: 'ada' });
    await quickAddJob(shared, 'mail', { to: 'grace' }, { jobKey: 'once' });
    await quickAddJob(shared, 'mail', { to: 'grace' }, { jobKey: 'once' });
    await runOnce({ ...shared, taskList });
    expect(await sent(mails, 2)).to.deep.equal(['ada', 'grace']);
    // A job is struck off a little after its task has run.
    while ((await here.place.rows('select 1 from graphile_worker.jobs')).length > 0) await setTimeout(5);

    const runner = await run({ ...shared, taskList, pollInterval: 50, noHandleSignals: true, concurrency: 2 });
    await runner.addJob('mail', { to: 'joan' });
    expect(await sent(mails, 3)).to.deep.equal(['ada', 'grace', 'joan']);
    await runner.stop();

    if (here.kind === 'sandbox')
      expect(await here.afterwards("select 1 from pg_namespace where nspname = 'graphile_worker'")).to.deep.equal([]);
  }).timeout(20_000);
});
