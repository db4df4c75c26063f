import { once } from 'node:events';
import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { connect, createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { MessageChannel, Worker } from 'node:worker_threads';
import { pbkdf2 } from 'node:crypto';
import { expect } from 'chai';
import { loadAddon } from '#src/native/addon.js';

const LOADER = new URL(import.meta.resolve('#src/native/addon.js')).href;

describe('the addon', () => {
  const addon = loadAddon();

  it('knows what keeps the loop going, also in the thread pool', async () => {
    const hashed = new Promise((resolve) => pbkdf2('secret', 'salt', 1000, 32, 'sha256', resolve));
    expect(addon.loopAlive()).to.equal(true);
    await hashed;

    // From the poll phase, where no immediate is being run.
    await readFile(fileURLToPath(import.meta.url));
    const timer = setTimeout(() => undefined, 1000);
    expect(addon.backendTimeout()).to.be.within(1, 1000);
    const immediate = setImmediate(() => undefined);
    expect(addon.backendTimeout()).to.equal(0);
    clearImmediate(immediate);
    clearTimeout(timer);
  });

  it('counts the handles that may call in without keeping the loop going', async () => {
    const [ports, sources] = [addon.unreferencedPorts(), addon.unreferencedSources()];
    const { port1, port2 } = new MessageChannel();
    port1.on('message', () => undefined);
    expect(addon.unreferencedPorts()).to.equal(ports + 1);
    port1.unref();
    expect(addon.unreferencedPorts()).to.equal(ports + 2);
    const closed = once(port1, 'close');
    port2.close();
    await closed;

    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    expect(addon.unreferencedSources()).to.equal(sources);
    socket.unref();
    server.unref();
    expect(addon.unreferencedSources()).to.equal(sources + 2);
    socket.destroy();
    server.close();

    const before = addon.unreferencedSources();
    const watcher = watch(tmpdir(), { persistent: false });
    const listener = (): void => undefined;
    process.on('SIGWINCH', listener);
    expect(addon.unreferencedSources()).to.equal(before + 2);
    process.off('SIGWINCH', listener);
    watcher.close();
  });

  it('refuses a limit that is none', () => {
    for (const limit of [undefined, NaN, -1, '5']) {
      expect(() => addon.turn(limit as number), String(limit)).to.throw(TypeError, 'turn');
    }
  });

  const inWorkers: Readonly<Record<string, string>> = {
    'that ends by itself': 'import(LOADER).then(({ loadAddon }) => loadAddon().turn(5))',
    'that is ended in the middle of a turn':
      'import(LOADER).then(({ loadAddon }) => { parentPort.postMessage("turns"); for (;;) loadAddon().turn(60_000); })',
    'that ends itself in a turn':
      'import(LOADER).then(({ loadAddon }) => { setTimeout(() => process.exit(), 5); for (;;) loadAddon().turn(60_000); })',
  };

  for (const [title, code] of Object.entries(inWorkers)) {
    it(`leaves nothing behind in a worker thread ${title}`, async () => {
      const script = `const { parentPort } = require('node:worker_threads'); const LOADER = ${JSON.stringify(LOADER)}; ${code};`;
      for (let round = 0; round < 3; round++) {
        const worker = new Worker(script, { eval: true });
        worker.once('message', () => void worker.terminate());
        const [exitCode] = (await once(worker, 'exit')) as [number];
        expect(exitCode).to.be.oneOf([0, 1]);
      }
    });
  }
});
