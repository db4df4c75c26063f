import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { deliver } from '#src/engine/postgres/relay/hosts/worker/delivery.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('postgres: whether a message to a thread was delivered', () => {
  it('is told of one that is there', async () => {
    const { port1, port2 } = new MessageChannel();
    const worker = new Worker("require('worker_threads').workerData.on('message', () => {})", {
      eval: true,
      workerData: port2,
      transferList: [port2],
    });
    await once(worker, 'online');
    expect(deliver(port1, 'to one that lives')).to.equal(true);

    const ended = worker.terminate();
    // Without a turn of the loop, which tells of nothing while the thread is blocked.
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const deadline = performance.now() + 20_000;
    while (deliver(port1, 'to one that is about to end') && performance.now() < deadline) Atomics.wait(pause, 0, 0, 5);
    expect(deliver(port1, 'to one that has ended')).to.equal(false);
    await ended;
    port1.close();
  });

  it('is told of one that has ended up to the event that says so', async () => {
    const { port1, port2 } = new MessageChannel();
    port1.on('message', () => undefined);
    let closed = false;
    port1.once('close', () => (closed = true));
    expect(deliver(port1, 'to an open port')).to.equal(true);

    port2.close();
    const delivered: boolean[] = [];
    // The port hears of it in one phase of the loop and emits `close` in a later one of the same turn.
    while (!closed) {
      await turn();
      if (!closed) delivered.push(deliver(port1, 'to a closed one'));
    }
    expect(delivered).to.not.include(true);
    expect(delivered).to.not.be.empty;
  });

  it('is believed where nothing was ever told', () => {
    const { port1, port2 } = new MessageChannel();
    port1.close();
    expect(deliver(port1, 'nobody knows')).to.equal(true);
    port2.close();
  });
});
