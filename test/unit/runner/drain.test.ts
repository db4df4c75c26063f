import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { Starvation } from '#src/bridge/starvation.js';
import { Patience } from '#src/runner/drain.js';

async function spend(patience: Patience): Promise<number> {
  const began = Date.now();
  while (await patience.turn());
  return Date.now() - began;
}

describe('the time that is waited for an app', function () {
  this.timeout(60_000);

  const burners: ChildProcess[] = [];
  let worker: ChildProcess | undefined;

  function burn(): ChildProcess {
    const child = spawn(process.execPath, ['-e', 'const end = Date.now() + 30000; while (Date.now() < end);']);
    burners.push(child);
    return child;
  }

  afterEach(() => {
    for (const child of burners.splice(0)) child.kill('SIGKILL');
    worker = undefined;
  });

  it('is no shorter than its limit', async () => {
    const patience = new Patience(40);
    expect(await spend(patience)).to.be.at.least(36);
    expect(patience.over).to.equal(true);
    expect(await patience.turn()).to.equal(false);
  });

  it('begins anew when something has come of it', async () => {
    const patience = new Patience(20);
    await spend(patience);
    patience.renew();
    expect(await patience.turn()).to.equal(true);
  });

  it('leaves out what a process that works for it has stood in line for a processor', async function () {
    if (process.platform !== 'linux') return this.skip();

    // More who want a processor than there are: each stands in line for most of the time.
    for (let count = 0; count < availableParallelism() * 3; count += 1) burn();
    worker = burn();
    await sleep(500);
    const { pid = 0 } = worker;
    const starvation = new Starvation([pid]);
    const patience = new Patience(100, () => [pid]);
    const took = await spend(patience);
    const waited = starvation.more();
    expect(waited).to.be.above(50);
    // At least as much longer as that one alone has waited within the first limit.
    expect(took).to.be.above(140);
  });

  it('ends on every machine', async () => {
    const patience = new Patience(30, () => [process.pid, 0, 2 ** 30]);
    expect(await spend(patience)).to.be.below(20_000);
  });
});
